#include "nodes/transforms/lookup_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/data/text.h"
#include "nodes/kernels/moments.h"

namespace flowrun::nodes {

bool append_key(const Batch& batch, const std::vector<std::size_t>& columns, std::int64_t row,
                std::string& out) {
  for (const auto column : columns) {
    const auto& values = batch.column(column);
    if (!values.is_valid(row)) return false;
    const auto head = out.size();
    out.append(sizeof(std::uint32_t), '\0');
    if (values.type().id == TypeId::string) {
      out += values.text(row);
    } else {
      append_text(out, values, row);
    }
    const auto size = static_cast<std::uint32_t>(out.size() - head - sizeof(std::uint32_t));
    std::memcpy(out.data() + head, &size, sizeof size);
  }
  return true;
}

void LookupTable::add(BatchRef batch) {
  const auto number = static_cast<std::uint32_t>(batches_.size());
  std::string key;
  for (std::int64_t row = 0; row < batch->rows(); ++row) {
    key.clear();
    if (!append_key(*batch, roles_.key, row, key)) continue;
    Version version{.place = {number, static_cast<std::uint32_t>(row)}};
    if (roles_.valid_from && batch->column(*roles_.valid_from).is_valid(row)) {
      version.from = moment_of(batch->column(*roles_.valid_from), row);
    }
    if (roles_.valid_until && batch->column(*roles_.valid_until).is_valid(row)) {
      version.until = moment_of(batch->column(*roles_.valid_until), row);
    }
    versions_[key].push_back(version);
    ++rows_;
  }
  batches_.push_back(std::move(batch));
}

std::string LookupTable::shown(const Version& version) const {
  std::string text;
  for (const auto column : roles_.key) {
    text += (text.empty() ? "" : ", ") +
            text_of(batch(version.place.batch).column(column), version.place.row);
  }
  return text;
}

std::optional<std::string> LookupTable::finish() {
  std::vector<std::string> problems;
  for (auto& [key, versions] : versions_) {
    if (versions.size() == 1) continue;
    if (!roles_.valid_from) {
      problems.push_back(
          fmt::format("the key {} stands {} times", shown(versions.front()), versions.size()));
      continue;
    }
    std::sort(versions.begin(), versions.end(),
              [](const Version& a, const Version& b) { return a.from < b.from; });
    const auto overlap =
        std::adjacent_find(versions.begin(), versions.end(),
                           [](const Version& a, const Version& b) { return b.from < a.until; });
    if (overlap != versions.end()) {
      problems.push_back(
          fmt::format("two versions of the key {} are valid at once", shown(versions.front())));
    }
  }
  if (problems.empty()) return std::nullopt;
  return *std::min_element(problems.begin(), problems.end());  // the same one every time
}

std::optional<LookupTable::Place> LookupTable::find(std::string_view key,
                                                    std::optional<Micros> at) const {
  const auto found = versions_.find(key);
  if (found == versions_.end()) return std::nullopt;
  const auto& versions = found->second;
  if (!at) return versions.front().place;
  const auto behind =
      std::upper_bound(versions.begin(), versions.end(), *at,
                       [](Micros moment, const Version& version) { return moment < version.from; });
  if (behind == versions.begin()) return std::nullopt;
  const auto& version = *std::prev(behind);
  return *at < version.until ? std::optional(version.place) : std::nullopt;
}

}  // namespace flowrun::nodes
