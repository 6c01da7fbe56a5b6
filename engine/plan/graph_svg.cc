#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "engine/core/error.h"
#include "engine/plan/graph_export.h"

namespace flowrun {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// A nameless temporary file that holds `text`, open at its start.
File temporary_file(const std::string& text) {
  File file(std::tmpfile(), std::fclose);
  const bool written = file &&
                       std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                       std::fflush(file.get()) == 0 && lseek(fileno(file.get()), 0, SEEK_SET) == 0;
  if (!written) throw Error(Errc::io, "cannot write a temporary file: {}", std::strerror(errno));
  return file;
}

/// Runs `dot -Tsvg` on open files; returns its exit status, or 127 where there is no such command.
int run_dot(int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  std::string program = "dot";
  std::string option = "-Tsvg";
  const std::array<char*, 3> arguments{program.data(), option.data(), nullptr};
  pid_t child = 0;
  const int problem = posix_spawnp(&child, "dot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) return 127;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::string read_all(std::FILE* file) {
  std::string text;
  std::array<char, 16384> buffer{};
  std::rewind(file);
  while (const auto count = std::fread(buffer.data(), 1, buffer.size(), file))
    text.append(buffer.data(), count);
  return text;
}

}  // namespace

std::string export_svg(const InstancePlan& instance, const Plan& plan) {
  const auto input = temporary_file(export_dot(instance, plan));
  const auto output = temporary_file("");
  const int status = run_dot(fileno(input.get()), fileno(output.get()));
  if (status == 127) {
    throw Error(
        Errc::io,
        "there is no command \"dot\"; install the package graphviz, or use --format mermaid");
  }
  if (status != 0) throw Error(Errc::io, "dot could not draw the graph: exit status {}", status);
  return read_all(output.get());
}

}  // namespace flowrun
