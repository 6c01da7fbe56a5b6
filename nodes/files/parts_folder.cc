#include "nodes/files/parts_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::nodes {
namespace {

void rename_file(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) throw Error(Errc::io, "cannot rename {} to {}: {}", from, to, error.message());
}

void remove_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw Error(Errc::io, "cannot remove {}: {}", path, error.message());
}

/// Writes `text` to a file that appears in one step.
void write_whole(const std::string& path, const std::string& text) {
  const auto making = path + ".new";
  const auto file = open_file(making, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(file.fd(), text, making);
  sync_file(file.fd(), making);
  rename_file(making, path);
  sync_folder(folder_of(path));
}

void copy_bytes(int from, const std::string& from_path, std::int64_t offset, std::int64_t length,
                int to, const std::string& to_path, std::string& block) {
  for (std::int64_t done = 0; done < length;) {
    const auto size = std::min(length - done, static_cast<std::int64_t>(block.size()));
    read_at(from, {block.data(), static_cast<std::size_t>(size)}, offset + done, from_path);
    write_all(to, {block.data(), static_cast<std::size_t>(size)}, to_path);
    done += size;
  }
}

}  // namespace

void FileParts::recover(const FileInventory& inventory) {
  in_file_ = inventory.in_file;
  last_number_ = inventory.last_number;
  whole_ = inventory.whole;
  if (inventory.joined && whole_) return put_in_place(paths_.joined());
  for (const auto& part : paths_.parts()) {
    if (!inventory.parts.contains(part.first)) remove_file(paths_.part(part.first));
  }
  for (const auto& name : {paths_.joined(), paths_.joining(), paths_.base() + ".new"})
    remove_file(name);
  if (!whole_) remove_file(paths_.base());
  for (const auto& [number, end] : inventory.parts) {
    auto& part = parts_.emplace_back();
    part = {.file = open_file(paths_.part(number), O_RDWR),
            .path = paths_.part(number),
            .number = number,
            .size = end};
    resize_file(part.file.fd(), end, part.path);
  }
  has_folder_ = !parts_.empty() || size_of_file(paths_.base()) >= 0;
  if (!has_folder_) clear_folder("");
}

void FileParts::begin_change() {
  if (has_folder_) return;
  std::error_code error;
  std::filesystem::create_directories(paths_.folder(), error);
  if (error)
    throw Error(Errc::io, "cannot make the folder {}: {}", paths_.folder(), error.message());
  if (!in_file_.empty()) {
    std::string text;
    for (const auto& range : in_file_) text += to_text(range) + "\n";
    write_whole(paths_.base(), text);
  }
  sync_folder(folder_of(paths_.file));
  has_folder_ = true;
}

FilePart& FileParts::free_part() {
  begin_change();
  const auto found =
      std::find_if(parts_.begin(), parts_.end(), [](const FilePart& part) { return !part.busy; });
  return found != parts_.end() ? *found : new_part();
}

FilePart& FileParts::new_part() {
  auto& part = parts_.emplace_back();
  part.number = ++last_number_;
  part.path = paths_.part(part.number);
  part.file = open_file(part.path, O_RDWR | O_CREAT | O_TRUNC);
  write_at(part.file.fd(), output_->header, 0, part.path);
  part.size = static_cast<std::int64_t>(output_->header.size());
  sync_folder(paths_.folder());
  return part;
}

/// True where one part is, byte for byte, what the file has to be.
bool FileParts::is_one_part(const std::vector<FileRange>& units) const {
  if (!in_file_.empty()) return false;
  auto end = static_cast<std::int64_t>(output_->header.size());
  for (const auto& range : units) {
    if (range.part != units.front().part || range.offset != end) return false;
    end = range.end();
  }
  const auto number = units.empty() ? parts_.front().number : units.front().part;
  return size_of_file(paths_.part(number)) == end;
}

void FileParts::copy_to(const std::string& path, std::vector<FileRange> units) const {
  const auto out = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(out.fd(), output_->header, path);
  const auto file = in_file_.empty() ? FileHandle() : open_file(paths_.file, O_RDONLY);
  std::string block(1U << 20U, '\0');
  for (const auto& range : units) {
    const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const FilePart& candidate) {
      return candidate.number == range.part;
    });
    if (part != parts_.end()) {
      copy_bytes(part->file.fd(), part->path, range.offset, range.length, out.fd(), path, block);
      continue;
    }
    const auto at = std::lower_bound(in_file_.begin(), in_file_.end(), range, comes_before);
    if (at == in_file_.end() || !same_unit(*at, range))
      bug("a unit is in no part and not in {}", paths_.file);
    copy_bytes(file.fd(), paths_.file, at->offset, at->length, out.fd(), path, block);
  }
  sync_file(out.fd(), path);
}

void FileParts::join(std::vector<FileRange> units) {
  std::erase_if(units, [](const FileRange& range) { return range.length == 0; });
  std::sort(units.begin(), units.end(), comes_before);
  units.erase(std::unique(units.begin(), units.end()), units.end());
  begin_change();
  if (in_file_.empty() && parts_.empty()) (void)new_part();
  auto from = paths_.joined();
  if (is_one_part(units)) {
    auto number = units.empty() ? parts_.front().number : units.front().part;
    const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const FilePart& candidate) {
      return candidate.number == number;
    });
    sync_file(part->file.fd(), part->path);
    from = part->path;
  } else {
    copy_to(paths_.joining(), units);
    rename_file(paths_.joining(), from);
    sync_folder(paths_.folder());
  }
  auto offset = static_cast<std::int64_t>(output_->header.size());
  for (auto& range : units) {
    range.offset = offset;
    offset += range.length;
  }
  in_file_ = std::move(units);
  put_in_place(from);
}

/// Makes the file `from` of the folder PATH. The parts go first: where `from` is the joined file,
/// they count no more, and once it has moved nothing would tell that they do not. Where it is a
/// part itself, no other holds anything.
void FileParts::put_in_place(const std::string& from) {
  parts_.clear();
  clear_folder(from);
  sync_folder(paths_.folder());
  rename_file(from, paths_.file);
  discard();
  whole_ = true;
  auto known = in_file_;
  const auto end =
      known.empty() ? static_cast<std::int64_t>(output_->header.size()) : known.back().end();
  known.push_back({.offset = end, .digest = Fingerprinter().digest()});
  remember_verified(paths_.file, output_->header, known, true);
}

void FileParts::clear_folder(const std::string& except) const {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(paths_.folder(), error)) {
    if (entry.path().string() != except) names.push_back(entry.path().string());
  }
  for (const auto& name : names) remove_file(name);
  if (except.empty()) std::filesystem::remove(paths_.folder(), error);
}

void FileParts::discard() {
  parts_.clear();
  clear_folder("");
  sync_folder(folder_of(paths_.file));
  has_folder_ = false;
}

}  // namespace flowrun::nodes
