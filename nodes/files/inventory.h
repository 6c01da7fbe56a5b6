// What a joined file and its parts hold: what the journal noted, as far as the files confirm it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/files/output.h"
#include "nodes/files/range.h"

namespace flowrun::nodes {

/// The names in and around the folder of parts.
///
///   PATH                 the file, always whole
///   PATH.parts/7.part    header and rows of units, committed ones in front
///   PATH.parts/base      which ranges of PATH are which units, while there are parts that change
///   it PATH.parts/joining   the next PATH in the making PATH.parts/joined    the next PATH,
///   complete: from its appearance on the parts count no more
struct FilePaths {
  std::string file;
  [[nodiscard]] std::string folder() const { return file + ".parts"; }
  [[nodiscard]] std::string part(std::int64_t number) const;
  [[nodiscard]] std::string base() const { return folder() + "/base"; }
  [[nodiscard]] std::string joining() const { return folder() + "/joining"; }
  [[nodiscard]] std::string joined() const { return folder() + "/joined"; }
  /// Part files that are there, by number, with their size.
  [[nodiscard]] std::map<std::int64_t, std::int64_t> parts() const;
};

struct FileUnit {
  Marker marker;
  FileRange range;
};

/// True where the newer unit's rows take the place of the older one's: another generation, or a
/// load of an input that the older load had, too.
[[nodiscard]] bool supersedes(const FileUnit& newer, const FileUnit& older);

struct FileInventory {
  std::vector<FileUnit> units;  ///< committed and there, or prepared and there
  std::vector<Marker> lost;     ///< committed, but superseded, in another format or no longer there
  std::vector<FileUnit> finished;  ///< prepared and there: to be committed (also among `units`)
  std::vector<Marker> hopeless;    ///< prepared, not there
  std::vector<FileRange>
      in_file;          ///< what PATH holds, in order, offsets of PATH; empty where it is not whole
  bool whole = false;   ///< PATH is header and in_file, no byte more
  bool joined = false;  ///< PATH here is the joined file that is about to become it
  std::map<std::int64_t, std::int64_t>
      parts;                     ///< part files by number, with the end of their last unit
  std::int64_t last_number = 0;  ///< of all parts that were ever noted or are there
};

/// Compares notes and files; touches nothing. Throws Error(io) where a file cannot be read.
[[nodiscard]] FileInventory take_inventory(const FileOutput& output, CoverageStore& store,
                                           const CoverageKey& key);

}  // namespace flowrun::nodes
