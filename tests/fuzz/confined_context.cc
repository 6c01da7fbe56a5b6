#include "tests/fuzz/confined_context.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace flowrun::fuzzing {
namespace {

/// Hands on everything but paths.
class ConfinedContext final : public BindContext {
 public:
  ConfinedContext(BindContext& context, const PipelineFolder& folder)
      : context_(context), folder_(folder) {}

  [[nodiscard]] std::string resolve(std::string_view path) const override {
    return folder_.confine(context_.resolve(path));
  }
  [[nodiscard]] std::optional<std::string> read_file(std::string_view option,
                                                     const std::string& path) override {
    return context_.read_file(option, resolve(path));
  }

  [[nodiscard]] const std::string& pipeline() const override { return context_.pipeline(); }
  [[nodiscard]] const std::string& node() const override { return context_.node(); }
  [[nodiscard]] const Options& options() const override { return context_.options(); }
  [[nodiscard]] const std::vector<SchemaRef>& inputs() const override { return context_.inputs(); }
  [[nodiscard]] const std::string& window_column() const override {
    return context_.window_column();
  }
  [[nodiscard]] std::vector<bool> sparse() const override { return context_.sparse(); }
  [[nodiscard]] bool offline() const override { return context_.offline(); }
  [[nodiscard]] Micros now() const override { return context_.now(); }
  [[nodiscard]] std::optional<std::string> frozen(const std::string& name) const override {
    return context_.frozen(name);
  }
  void freeze(const std::string& name, const std::string& value) override {
    context_.freeze(name, value);
  }
  [[nodiscard]] bool scan_input(std::optional<std::int64_t> rows,
                                const std::function<void(const Batch&)>& visit) override {
    return context_.scan_input(rows, visit);
  }
  [[nodiscard]] SourceSpan inside(const OptionValue& value, std::size_t offset,
                                  std::size_t length) const override {
    return context_.inside(value, offset, length);
  }
  [[nodiscard]] Diagnostics& diagnostics() override { return context_.diagnostics(); }

 private:
  BindContext& context_;
  const PipelineFolder& folder_;
};

// A type is bound by a plain function, which cannot know its folder: these do.
constexpr std::size_t kMostTypes = 64;
std::vector<Bind> real_binds;
const PipelineFolder* only_folder = nullptr;

template <std::size_t type>
Binding bind_confined(BindContext& context) {
  ConfinedContext confined_context(context, *only_folder);
  return real_binds[type](confined_context);
}

template <std::size_t... types>
constexpr std::array<Bind, sizeof...(types)> binds_for(std::index_sequence<types...> /*all*/) {
  return {bind_confined<types>...};
}
constexpr auto kConfinedBinds = binds_for(std::make_index_sequence<kMostTypes>());

}  // namespace

PipelineFolder::PipelineFolder(const std::vector<std::pair<std::string, std::string>>& files) {
  path_ = (std::filesystem::temp_directory_path() / "flowrun_fuzz_XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
  for (const auto& [name, text] : files)
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
}

PipelineFolder::~PipelineFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string PipelineFolder::confine(std::string path) const {
  // ".*" as a pattern matches "..".
  const bool inside = path.starts_with(path_ + "/") && path.find("/.") == std::string::npos;
  return inside ? std::move(path) : path_ + "/outside";
}

std::vector<NodeType> confined(std::vector<NodeType> types, const PipelineFolder& folder) {
  if (types.size() > kMostTypes) throw std::runtime_error("more types than there are binds");
  only_folder = &folder;
  for (auto& type : types) {
    const auto bind = kConfinedBinds[real_binds.size()];
    real_binds.push_back(std::exchange(type.bind, bind));
  }
  return types;
}

}  // namespace flowrun::fuzzing
