#include "nodes/files/range.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <sstream>
#include <tuple>
#include <utility>

#include "engine/core/file.h"
#include "engine/core/hash.h"

namespace flowrun::nodes {
namespace {

int rank(UnitKind kind) {
  switch (kind) {
    case UnitKind::window:
      return 0;
    case UnitKind::unplaced:
      return 1;
    case UnitKind::load:
      return 2;
  }
  return 3;
}

std::optional<UnitKind> parse_kind(const std::string& text) {
  for (const auto kind : {UnitKind::window, UnitKind::load, UnitKind::unplaced}) {
    if (text == to_string(kind)) return kind;
  }
  return std::nullopt;
}

/// What verify_ranges has found, by the file as it was then and the question.
class Findings {
 public:
  using Question = std::pair<std::string, std::string>;  // the file's identity, what was asked
  std::optional<std::vector<bool>> find(const std::string& path, const Question& question) {
    const std::lock_guard lock(mutex_);
    const auto found = by_path_.find(path);
    if (found == by_path_.end() || found->second.first != question) return std::nullopt;
    return found->second.second;
  }
  void keep(const std::string& path, Question question, std::vector<bool> answer) {
    const std::lock_guard lock(mutex_);
    by_path_[path] = {std::move(question), std::move(answer)};
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::pair<Question, std::vector<bool>>> by_path_;
};

Findings& findings() {
  static Findings instance;
  return instance;
}

/// Inode, size and times; "" where there is no such file.
std::string identity(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "";
  return fmt::format("{} {} {} {}.{} {}.{}", info.st_dev, info.st_ino, info.st_size,
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec,
                     info.st_ctim.tv_nsec);
}

Findings::Question question_of(const std::string& path, const std::string& header,
                               const std::vector<FileRange>& ranges, bool whole) {
  Fingerprinter asked;
  asked.add(header);
  asked.add(whole ? "\nwhole\n" : "\n");
  for (const auto& range : ranges)
    asked.add(fmt::format("{} {} {}\n", range.offset, range.length, range.digest));
  return {identity(path), asked.digest()};
}

bool has_bytes(int fd, const std::string& path, const FileRange& range) {
  std::string block(1U << 20U, '\0');
  Fingerprinter digest;
  for (std::int64_t done = 0; done < range.length;) {
    const auto size = std::min(range.length - done, static_cast<std::int64_t>(block.size()));
    read_at(fd, {block.data(), static_cast<std::size_t>(size)}, range.offset + done, path);
    digest.add({block.data(), static_cast<std::size_t>(size)});
    done += size;
  }
  return digest.digest() == range.digest;
}

bool has_header(int fd, const std::string& path, const std::string& header) {
  std::string there(header.size(), '\0');
  read_at(fd, {there.data(), there.size()}, 0, path);
  return there == header;
}

std::vector<bool> look(const std::string& path, const std::string& header,
                       const std::vector<FileRange>& ranges, bool whole) {
  std::vector<bool> found(ranges.size(), false);
  const auto size = size_of_file(path);
  auto end = static_cast<std::int64_t>(header.size());
  for (const auto& range : ranges) end = std::max(end, range.end());
  if (size < static_cast<std::int64_t>(header.size()) || (whole && size != end)) return found;
  const auto file = open_file(path, O_RDONLY);
  if (!has_header(file.fd(), path, header)) return found;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    found[i] = ranges[i].end() <= size && has_bytes(file.fd(), path, ranges[i]);
  }
  return found;
}

}  // namespace

FileRange range_of(const Unit& unit, std::int64_t generation) {
  const bool window = unit.kind == UnitKind::window;
  return {.kind = unit.kind,
          .cell = window ? unit.interval : Interval{},
          .id = window ? std::string() : unit.id,
          .generation = generation,
          .digest = Fingerprinter().digest()};
}

std::string to_text(const FileRange& range) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {}", to_string(range.kind), range.cell.from,
                     range.cell.until, range.generation, range.sequence, range.part, range.offset,
                     range.length, range.digest, range.format, range.id);
}

std::optional<FileRange> parse_range(const std::string& text) {
  std::istringstream in(text);
  FileRange range;
  std::string kind;
  in >> kind >> range.cell.from >> range.cell.until >> range.generation >> range.sequence >>
      range.part >> range.offset >> range.length >> range.digest >> range.format;
  const auto known = parse_kind(kind);
  if (!in || !known || range.offset < 0 || range.length < 0) return std::nullopt;
  range.kind = *known;
  in.ignore(1);
  std::getline(in, range.id);
  return range;
}

bool comes_before(const FileRange& a, const FileRange& b) {
  return std::tuple(rank(a.kind), a.cell, a.sequence, a.id) <
         std::tuple(rank(b.kind), b.cell, b.sequence, b.id);
}

bool same_unit(const FileRange& a, const FileRange& b) {
  return a.kind == b.kind && a.cell == b.cell && a.id == b.id;
}

bool share_rows(const FileRange& a, const FileRange& b) {
  if (a.kind != b.kind) return false;
  if (a.kind != UnitKind::window) return a.id == b.id;
  return a.cell.from < b.cell.until && b.cell.from < a.cell.until;
}

bool covers_cell(const Coverage& entry, const FileRange& range) {
  return range.kind != UnitKind::window ||
         (entry.interval.from < range.cell.until && range.cell.from < entry.interval.until);
}

std::vector<bool> verify_ranges(const std::string& path, const std::string& header,
                                const std::vector<FileRange>& ranges, bool whole) {
  auto question = question_of(path, header, ranges, whole);
  if (question.first.empty()) return std::vector<bool>(ranges.size(), false);
  if (auto known = findings().find(path, question)) return *known;
  auto found = look(path, header, ranges, whole);
  findings().keep(path, std::move(question), found);
  return found;
}

void remember_verified(const std::string& path, const std::string& header,
                       const std::vector<FileRange>& ranges, bool whole) {
  findings().keep(path, question_of(path, header, ranges, whole),
                  std::vector<bool>(ranges.size(), true));
}

}  // namespace flowrun::nodes
