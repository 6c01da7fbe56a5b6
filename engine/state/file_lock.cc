#include "engine/state/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.h"

namespace flowrun {

std::optional<FileLock> FileLock::try_lock(const std::string& path) {
  for (;;) {
    FileLock lock(path, open_file(path, O_RDWR | O_CREAT));
    if (::flock(lock.file_.fd(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      throw Error(Errc::io, "{}: cannot lock: {}", path, std::strerror(errno));
    }
    // Between open and lock the file may have been removed; then the lock is on a file that nobody
    // can find.
    if (lock.holds()) return lock;
  }
}

bool FileLock::holds() const {
  struct stat mine {};
  struct stat there {};
  if (::fstat(file_.fd(), &mine) != 0 || ::stat(path_.c_str(), &there) != 0) return false;
  return mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

}  // namespace flowrun
