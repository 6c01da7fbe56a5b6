#include "nodes/postgres/address.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace flowrun::postgres {
namespace {

constexpr Micros kDefaultConnectTimeout = 10 * kSecond;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
struct FreeMemory {
  void operator()(char* text) const { PQfreemem(text); }
};
using ParsedUrl = std::unique_ptr<PQconninfoOption, FreeOptions>;

/// What libpq reads in a URL; null and `fault` where it cannot.
ParsedUrl parse(const std::string& url, std::string* fault) {
  char* message = nullptr;
  ParsedUrl parsed(PQconninfoParse(url.c_str(), &message));
  const std::unique_ptr<char, FreeMemory> owned(message);
  // libpq's words may quote the URL, and with it a password.
  if (!parsed && fault != nullptr) {
    *fault = "it is neither a postgresql:// URL nor keywords such as \"host=db dbname=ships\"";
  }
  return parsed;
}

std::string value_of(const PQconninfoOption* options, std::string_view keyword) {
  for (const auto* option = options; option->keyword != nullptr; ++option) {
    if (keyword == option->keyword) return option->val == nullptr ? "" : option->val;
  }
  return "";
}

void set(std::vector<std::pair<std::string, std::string>>& words, const std::string& keyword,
         const std::string& value) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [&](const auto& word) { return word.first == keyword; });
  if (found == words.end()) {
    words.emplace_back(keyword, value);
  } else {
    found->second = value;
  }
}

}  // namespace

std::vector<OptionSpec> address_options() {
  return {{.name = "url",
           .help = "The server and database: a postgresql:// URL or keywords; what it leaves out "
                   "comes from PGHOST and the like, and from the password file.",
           .required = true,
           .example = "\"${env:DATABASE_URL}\"",
           .secret = true},
          {.name = "connect_timeout",
           .kind = OptionKind::duration,
           .help = "How long to wait for a connection; whole seconds, 10 unless the URL says.",
           .example = "\"5s\""},
          {.name = "statement_timeout",
           .kind = OptionKind::duration,
           .help = "How long one statement may take; the server's own setting unless given.",
           .example = "\"10m\""},
          {.name = "application_name",
           .help = "What the server's lists of sessions show; the pipeline's and the node's name "
                   "unless given.",
           .example = "\"nightly\""}};
}

std::optional<Address> read_address(BindContext& context) {
  const auto& options = context.options();
  Address address{.url = Secret(options.text("url")),
                  .application = options.text_or("application_name",
                                                 context.pipeline() + "/" + context.node())};
  const auto fault = fault_of_url(address.url.reveal());
  if (!fault.empty()) {
    context.error("url", "bad-url", "the URL cannot be read: " + fault);
    return std::nullopt;
  }
  if (options.has("connect_timeout")) address.connect_timeout = options.duration("connect_timeout");
  if (options.has("statement_timeout")) {
    address.statement_timeout = options.duration("statement_timeout");
  }
  return address;
}

std::string fault_of_url(const std::string& url) {
  std::string fault;
  static_cast<void>(parse(url, &fault));
  return fault;
}

std::string shown_address(const Address& address) {
  const auto parsed = parse(address.url.reveal(), nullptr);
  if (!parsed) return Secret::shown();
  const auto or_else = [&](const char* keyword, const char* variable, const char* otherwise) {
    auto value = value_of(parsed.get(), keyword);
    if (value.empty()) {
      const char* set = std::getenv(variable);
      value = set == nullptr ? otherwise : set;
    }
    return value;
  };
  return fmt::format("{}:{}/{}", or_else("host", "PGHOST", "localhost"),
                     or_else("port", "PGPORT", "5432"), or_else("dbname", "PGDATABASE", ""));
}

std::vector<std::pair<std::string, std::string>> keywords(const Address& address) {
  std::vector<std::pair<std::string, std::string>> words;
  const auto parsed = parse(address.url.reveal(), nullptr);
  for (const auto* option = parsed.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    if (option->val != nullptr) words.emplace_back(option->keyword, option->val);
  }
  const bool says_timeout = parsed && !value_of(parsed.get(), "connect_timeout").empty();
  if (address.connect_timeout || !says_timeout) {
    const auto wait = address.connect_timeout.value_or(kDefaultConnectTimeout);
    // libpq counts whole seconds, and takes 1 for 2.
    set(words, "connect_timeout",
        std::to_string(std::max<Micros>(2, (wait + kSecond - 1) / kSecond)));
  }
  if (!address.application.empty()) set(words, "application_name", address.application);
  set(words, "client_encoding", "UTF8");
  return words;
}

}  // namespace flowrun::postgres
