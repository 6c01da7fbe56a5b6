#include "nodes/sqlite/relation_source.h"

#include <utility>

#include "nodes/sqlite/relation_reader.h"

namespace flowrun::nodes {
namespace {

class RelationSource final : public Source {
 public:
  RelationSource(SqliteRelation relation, SchemaRef schema)
      : relation_(std::move(relation)), schema_(std::move(schema)) {}

  std::vector<Input> inputs(const SourceContext& context) override {
    Input input{.name = relation_.name()};
    if (context.fingerprints != nullptr) input.fingerprint = fingerprint_of(relation_, *schema_);
    return {std::move(input)};
  }
  std::unique_ptr<Reader> open(const Input& /*input*/, std::uint64_t number,
                               const Interval* /*range*/) override {
    return open_relation(relation_, schema_, number);
  }

 private:
  SqliteRelation relation_;
  SchemaRef schema_;
};

}  // namespace

std::unique_ptr<Source> make_relation_source(SqliteRelation relation, SchemaRef schema) {
  return std::make_unique<RelationSource>(std::move(relation), std::move(schema));
}

}  // namespace flowrun::nodes
