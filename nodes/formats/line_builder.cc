#include "nodes/formats/line_builder.h"

#include <algorithm>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::nodes {

const SchemaRef& line_schema() {
  static const SchemaRef schema = make_schema({{"line", kBytes}});
  return schema;
}

LineBuilder::LineBuilder(std::int64_t rows, std::size_t bytes)
    : text_(Buffer::allocate(bytes)),
      ends_(Buffer::allocate(static_cast<std::size_t>(rows + 1) * sizeof(std::int32_t))),
      end_(text_->mutable_as<char>() + text_->capacity()) {
  ends_->mutable_as<std::int32_t>()[0] = 0;
}

char* LineBuilder::grown(char* at, std::size_t need) {
  const auto used = static_cast<std::size_t>(at - text_->as<char>());
  if (used + need > 0x7FFFFFFF) throw Error(Errc::limit, "the text of one batch exceeds 2 GiB");
  text_->set_size(used);
  grow(text_, used + need);
  end_ = text_->mutable_as<char>() + text_->capacity();
  return text_->mutable_as<char>() + used;
}

BatchRef LineBuilder::finish(Ordinals ordinals) {
  text_->set_size(static_cast<std::size_t>(ends_->as<std::int32_t>()[lines_]));
  auto column = std::make_shared<const Column>(ColumnParts{
      .type = kBytes, .length = lines_, .values = std::move(ends_), .data = std::move(text_)});
  return std::make_shared<const Batch>(line_schema(), std::vector<ColumnRef>{std::move(column)},
                                       lines_, std::move(ordinals));
}

std::string_view text_of_lines(const Batch& lines) {
  const auto& parts = lines.column(0).parts();
  const auto* ends = parts.values->as<std::int32_t>() + parts.offset;
  return {parts.data->as<char>() + ends[0], static_cast<std::size_t>(ends[lines.rows()] - ends[0])};
}

}  // namespace flowrun::nodes
