// Binds rows of batches to the parameters of an insert, without an allocation per row.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/data/batch.h"
#include "engine/sqlite/connection.h"
#include "nodes/formats/cell_writer.h"

namespace flowrun::nodes {

/// Parameters count row by row, column by column. Values as SQLite keeps them: integer for bool and
/// int64, real for float64 (a NaN is NULL), text for strings, dates, timestamps and decimals, blob
/// for bytes. One thread.
class RowBinder {
 public:
  /// The statement takes `rows` rows at once.
  RowBinder(sqlite::Statement& statement, const Schema& schema, std::size_t rows);

  /// Takes the batch whose rows are bound next; it must live until the last of them was stepped.
  void start(const Batch& batch);
  /// Binds as many rows as the statement takes.
  void bind(std::span<const std::int64_t> rows);

 private:
  /// What a parameter is bound to already: binding it again to the same would be work for nothing,
  /// and telemetry repeats its keys, its moments and its nulls.
  struct Parameter {
    bool null = false;
    bool written = false;  ///< `cell` holds the text of `value`
    const char* text = nullptr;
    std::size_t length = 0;
    std::int64_t value = 0;
    std::array<char, CellWriter::kRoom> cell{};
  };
  struct Source {
    TypeId type = TypeId::string;
    const Column* column = nullptr;
    std::optional<CellWriter> writer;  ///< for what is text here and none in the batch
  };
  void bind_value(int number, Parameter& parameter, Source& source, std::int64_t row);
  void bind_text(int number, Parameter& parameter, TypeId type, std::string_view text);
  void bind_moment(int number, Parameter& parameter, Source& source, std::int64_t row);

  sqlite::Statement* statement_;
  std::vector<Source> sources_;
  std::vector<Parameter> parameters_;
};

}  // namespace flowrun::nodes
