#include "tools/flowrun/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::command {
namespace {

constexpr int kSignalExitBase = 128;

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

int checked(int fd) {
  if (fd < 0) throw Error(Errc::io, "signals cannot be watched: {}", std::strerror(errno));
  return fd;
}

}  // namespace

void ignore_broken_pipes() { static_cast<void>(std::signal(SIGPIPE, SIG_IGN)); }

SignalWatch::SignalWatch(std::function<void(const std::string&)> print) : print_(std::move(print)) {
  const auto set = watched();
  // Threads made from here on inherit the mask, so that only the watching thread sees the signals.
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  wake_ = checked(::eventfd(0, EFD_CLOEXEC));
  signals_ = checked(::signalfd(-1, &set, SFD_CLOEXEC));
  thread_ = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
  thread_.join();
  ::close(signals_);
  ::close(wake_);
  // A stopped command is on its way out with a code of its own, which another signal must not change.
  if (first_ != 0) return;
  const auto set = watched();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void SignalWatch::watch() {
  std::array<pollfd, 2> waits{{{wake_, POLLIN, 0}, {signals_, POLLIN, 0}}};
  while (true) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    if ((waits[0].revents & POLLIN) != 0) return;
    signalfd_siginfo info{};
    if ((waits[1].revents & POLLIN) == 0 || ::read(signals_, &info, sizeof info) != sizeof info)
      continue;
    const int number = static_cast<int>(info.ssi_signo);
    if (first_ != 0) ::_exit(kSignalExitBase + number);
    first_ = number;
    stop_.request_stop();
    print_(
        "flowrun: stopping: what is prepared gets finished, nothing new starts; once more ends at "
        "once\n");
  }
}

}  // namespace flowrun::command
