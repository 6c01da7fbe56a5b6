// ship_readings: writes narrow telemetry of ships as CSV, the same on every machine.
//   ship_readings ROUTES FROM UNTIL EVERY SHIP…
// ROUTES is a routes file whose first column names the channels; each of them reports at every
// multiple of EVERY ("1m") in [FROM, UNTIL) for every SHIP, but for about one reading in fifty,
// which is missing. Lines such as 2026-01-01T00:00:00Z,IMO9976903,/hs4sd_v1/ab/fuel/oil///use,17.25
// come in the order of time; there is no header, so that `\copy … with (format csv)` takes them.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/core/hash.h"
#include "engine/core/time.h"

namespace {

using namespace flowrun;

constexpr std::uint64_t kMissing = 50;      // one reading in so many
constexpr std::uint64_t kValues = 400'000;  // 0.000 to 399.999
constexpr std::size_t kBufferBytes = 1 << 20;

std::vector<std::string> read_channels(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::vector<std::string> channels;
  std::string line;
  std::getline(file, line);  // the header
  while (std::getline(file, line)) channels.push_back(line.substr(0, line.find(',')));
  return channels;
}

Micros moment_of(const std::string& text) {
  const auto moment = parse_timestamp(text);
  if (!moment) throw std::runtime_error("no moment: \"" + text + "\"");
  return moment->utc();
}

void flush(fmt::memory_buffer& buffer) {
  if (std::fwrite(buffer.data(), 1, buffer.size(), stdout) != buffer.size()) {
    throw std::runtime_error("the output cannot be written");
  }
  buffer.clear();
}

void write_all(const std::vector<std::string>& words) {
  const auto channels = read_channels(words[0]);
  const auto until = moment_of(words[2]);
  const auto every = parse_duration(words[3]);
  if (!every || *every <= 0) throw std::runtime_error("no duration: \"" + words[3] + "\"");
  fmt::memory_buffer buffer;
  for (auto at = snap_down(moment_of(words[1]) + *every - 1, *every, 0); at < until; at += *every) {
    const auto moment = format_timestamptz(at);
    for (std::size_t ship = 4; ship < words.size(); ++ship) {
      for (std::size_t channel = 0; channel < channels.size(); ++channel) {
        const auto chance = mix(static_cast<std::uint64_t>(at / kSecond), ship * 10'000 + channel);
        if (chance % kMissing == 0) continue;
        const auto value = (chance >> 8U) % kValues;
        fmt::format_to(std::back_inserter(buffer), "{},{},{},{}.{:03}\n", moment, words[ship],
                       channels[channel], value / 1000, value % 1000);
      }
      if (buffer.size() > kBufferBytes) flush(buffer);
    }
  }
  flush(buffer);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 5)
      throw std::runtime_error("usage: ship_readings ROUTES FROM UNTIL EVERY SHIP…");
    write_all(words);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ship_readings: %s\n", error.what());
    return 2;
  }
}
