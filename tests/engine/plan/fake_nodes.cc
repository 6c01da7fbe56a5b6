#include "tests/engine/plan/fake_nodes.h"

#include "engine/spec/expression_option.h"

#include <algorithm>
#include <sstream>

namespace flowrun::testing {
namespace {

class FakeSource final : public Source {
 public:
  std::vector<Input> inputs(const SourceContext&) override { return {}; }
  std::unique_ptr<Reader> open(const Input&, std::uint64_t, const Interval*) override {
    return nullptr;
  }
};

class FakeTransform final : public Transform {
 public:
  void apply(const BatchRef& batch, Output& out) const override { out.emit(0, batch); }
};

class FakeAccumulator final : public Accumulator {
 public:
  std::unique_ptr<AccumulatorState> begin(const Unit&) const override { return nullptr; }
};

class FakeSink final : public Sink {
 public:
  std::vector<PlanStep> steps(const SinkContext&) override { return {}; }
  std::vector<Coverage> covered(const SinkContext&) override { return {}; }
  void open(const SinkContext&) override {}
  void begin(const Unit&) override {}
  void write(const Unit&, std::unique_ptr<Encoded>) override {}
  void prepare(const Unit&, const Marker&, const Refuse&) override {}
  void commit(const Unit&) override {}
  void abort(const Unit&) noexcept override {}
  void close(bool) override {}
};

std::vector<Field> fields_of(const Options& options, std::string_view name) {
  std::vector<Field> fields;
  for (const auto& [column, type] : options.pairs(name))
    fields.push_back({column, *parse_type(type)});
  return fields;
}

Binding source_binding(BindContext& context, bool ordered) {
  Binding binding;
  binding.outputs = {{"", make_schema(fields_of(context.options(), "columns")), {}}};
  binding.make_source = [] { return std::make_unique<FakeSource>(); };
  binding.ordered = ordered;
  return binding;
}

NodeType table_source() {
  return {
      {.name = "table",
       .kind = NodeKind::source,
       .summary = "Reads a table.",
       .options =
           {{.name = "path",
             .kind = OptionKind::path,
             .help = "Where it is.",
             .required = true,
             .example = "\"a.csv\""},
            {.name = "columns",
             .kind = OptionKind::types,
             .help = "Its columns.",
             .required = true,
             .example = "{ a = \"int64\" }"},
            {.name = "header",
             .kind = OptionKind::boolean,
             .help = "A first line.",
             .fallback = "true"},
            {.name = "skip",
             .kind = OptionKind::integer,
             .help = "Lines to skip.",
             .fallback = "0"},
            {.name = "share", .kind = OptionKind::number, .help = "A share.", .fallback = "0.5"},
            {.name = "wait", .kind = OptionKind::duration, .help = "A pause.", .fallback = "1m30s"},
            {.name = "chunk", .kind = OptionKind::size, .help = "Bytes.", .fallback = "64 KiB"},
            {.name = "quote",
             .kind = OptionKind::choice,
             .help = "How.",
             .fallback = "minimal",
             .choices = {"minimal", "always", "never"}},
            {.name = "nulls",
             .kind = OptionKind::names,
             .help = "Null texts.",
             .fallback = "[\"\", \"NULL\"]"},
            {.name = "password", .kind = OptionKind::text, .help = "A secret.", .secret = true}}},
      [](BindContext& context) { return source_binding(context, true); }};
}

NodeType stream_source() {
  return {
      {.name = "stream",
       .kind = NodeKind::source,
       .summary = "Reads rows that have no order.",
       .options =
           {{.name = "url",
             .kind = OptionKind::text,
             .help = "Server.",
             .required = true,
             .example = "\"tcp://a\"",
             .secret = true},
            {.name = "columns", .kind = OptionKind::types, .help = "Columns.", .required = true}}},
      [](BindContext& context) { return source_binding(context, false); }};
}

NodeType pass_transform() {
  return {{.name = "pass",
           .kind = NodeKind::transform,
           .summary = "Passes rows.",
           .options = {{.name = "by", .kind = OptionKind::column, .help = "A column."},
                       {.name = "keep", .kind = OptionKind::columns, .help = "Columns that go on."},
                       {.name = "rename", .kind = OptionKind::renames, .help = "New names."}}},
          [](BindContext& context) {
            Binding binding;
            Port port{"", nullptr, {}};
            std::vector<Field> fields;
            const auto keep = context.options().names("keep");
            for (const auto& name : keep.empty() ? context.input().names() : keep) {
              const auto index = *context.input().index_of(name);
              fields.push_back(context.input().field(index));
              port.unchanged_from.emplace_back(index);
            }
            for (const auto& [from, to] : context.options().pairs("rename")) {
              const auto field =
                  std::find_if(fields.begin(), fields.end(),
                               [&](const Field& candidate) { return candidate.name == from; });
              if (field != fields.end()) {
                field->name = to;
              } else {
                context.error("rename", "unknown-column",
                              "cannot rename \"" + from + "\": no such column");
              }
            }
            port.schema = make_schema(fields);
            binding.outputs = {port};
            binding.make_transform = [] { return std::make_unique<FakeTransform>(); };
            return binding;
          }};
}

NodeType keep_transform() {
  return {
      {.name = "keep",
       .kind = NodeKind::transform,
       .summary = "Keeps rows.",
       .options =
           {{.name = "where", .kind = OptionKind::expression, .help = "Which.", .required = true}}},
      [](BindContext& context) {
        Binding binding;
        binding.outputs = {unchanged_port(context.input_ref())};
        if (compile_condition(context, *context.options().raw("where"), context.input())) {
          binding.make_transform = [] { return std::make_unique<FakeTransform>(); };
        }
        return binding;
      }};
}

NodeType judge_transform() {
  return {{.name = "judge",
           .kind = NodeKind::transform,
           .summary = "Judges rows.",
           .options = {{.name = "rules",
                        .kind = OptionKind::any,
                        .help = "Rules.",
                        .required = true,
                        .shape = "a list of { says, expr }",
                        .expressions = {"expr"}}}},
          [](BindContext& context) {
            Binding binding;
            binding.outputs = {
                unchanged_port(context.input_ref()),
                {.name = "results", .schema = context.input_ref(), .optional = true}};
            for (const auto& rule : context.options().raw("rules")->list()) {
              const auto compiled = compile_condition(context, *rule.find("expr"), context.input());
              if (compiled) binding.notes.push_back(rule.find("says")->text() + compiled->text());
            }
            binding.make_transform = [] { return std::make_unique<FakeTransform>(); };
            return binding;
          }};
}

NodeType split_transform() {
  return {
      {.name = "split",
       .kind = NodeKind::transform,
       .summary = "Sends rows to outputs.",
       .options =
           {{.name = "key", .kind = OptionKind::column, .help = "What decides.", .required = true},
            {.name = "routes", .kind = OptionKind::path, .help = "Routes.", .required = true}}},
      [](BindContext& context) {
        Binding binding;
        const auto text = context.read_file("routes", context.options().text("routes"));
        if (!text) return binding;
        binding.content_hash = *text;
        std::istringstream lines(*text);
        for (std::string line; std::getline(lines, line);) {
          const auto output = line.substr(line.find(',') + 1);
          bool is_new = true;
          for (const auto& port : binding.outputs) is_new = is_new && port.name != output;
          if (is_new) binding.outputs.push_back(unchanged_port(context.input_ref(), output));
        }
        binding.make_transform = [] { return std::make_unique<FakeTransform>(); };
        return binding;
      }};
}

NodeType wide_transform() {
  return {
      {.name = "wide",
       .kind = NodeKind::transform,
       .summary = "Makes wide rows.",
       .options =
           {{.name = "index", .kind = OptionKind::columns, .help = "Row key.", .required = true},
            {.name = "made",
             .kind = OptionKind::integer,
             .help = "Columns made.",
             .fallback = "1"}}},
      [](BindContext& context) {
        Binding binding;
        Port port{"", nullptr, {}};
        std::vector<Field> fields;
        for (const auto& name : context.options().names("index")) {
          const auto index = *context.input().index_of(name);
          fields.push_back(context.input().field(index));
          port.unchanged_from.emplace_back(index);
        }
        for (int i = 0; i < context.options().integer("made"); ++i) {
          fields.push_back({"ch" + std::to_string(i + 1), kFloat64});
          port.unchanged_from.emplace_back();
        }
        port.sparse.resize(context.options().names("index").size(), false);
        port.sparse.resize(fields.size(), true);
        port.schema = make_schema(fields);
        binding.outputs = {port};
        binding.make_accumulator = [](std::int64_t) { return std::make_unique<FakeAccumulator>(); };
        return binding;
      }};
}

NodeType latest_transform() {
  return {
      {.name = "latest",
       .kind = NodeKind::transform,
       .summary = "Keeps one row of each key.",
       .options = {{.name = "key", .kind = OptionKind::columns, .help = "Key.", .required = true},
                   {.name = "keep",
                    .kind = OptionKind::choice,
                    .help = "Which.",
                    .fallback = "last",
                    .choices = {"first", "last"}},
                   {.name = "order_by", .kind = OptionKind::column, .help = "What decides."}}},
      [](BindContext& context) {
        Binding binding;
        binding.outputs = {unchanged_port(context.input_ref())};
        binding.needs_order = !context.options().has("order_by");
        binding.whole_rows = true;
        binding.make_accumulator = [](std::int64_t) { return std::make_unique<FakeAccumulator>(); };
        return binding;
      }};
}

NodeType merge_transform() {
  return {{.name = "merge",
           .kind = NodeKind::transform,
           .summary = "Puts inputs together.",
           .many_inputs = true},
          [](BindContext& context) {
            Binding binding;
            binding.outputs = {unchanged_port(context.input_ref())};
            binding.make_transform = [] { return std::make_unique<FakeTransform>(); };
            return binding;
          }};
}

/// Scans its input, and freezes how many rows it saw.
NodeType look_transform() {
  return {{.name = "look",
           .kind = NodeKind::transform,
           .summary = "Looks at its input.",
           .options = {{.name = "rows", .kind = OptionKind::integer, .help = "How many."}}},
          [](BindContext& context) {
            Binding binding;
            binding.outputs = {unchanged_port(context.input_ref())};
            if (const auto before = context.frozen("rows")) {
              binding.make_transform = [] { return std::make_unique<FakeTransform>(); };
              binding.content_hash = "frozen:" + *before;
              return binding;
            }
            std::int64_t seen = 0;
            const auto rows = context.options().has("rows")
                                  ? std::optional(context.options().integer("rows"))
                                  : std::nullopt;
            if (!context.scan_input(rows, [&](const Batch& batch) { seen += batch.rows(); }))
              return binding;
            binding.make_transform = [] { return std::make_unique<FakeTransform>(); };
            context.freeze("rows", std::to_string(seen));
            return binding;
          }};
}

NodeType store_sink() {
  return {{.name = "store",
           .kind = NodeKind::sink,
           .summary = "Writes a table of a database.",
           .options =
               {{.name = "path", .kind = OptionKind::path, .help = "Database.", .required = true},
                {.name = "table", .kind = OptionKind::text, .help = "Table.", .fallback = "t"},
                {.name = "mode",
                 .kind = OptionKind::choice,
                 .help = "How.",
                 .required = true,
                 .choices = {"append", "upsert", "insert_new", "replace"}},
                {.name = "key", .kind = OptionKind::columns, .help = "Key."},
                {.name = "version", .kind = OptionKind::column, .help = "Newest wins."}}},
          [](BindContext& context) {
            const auto& options = context.options();
            Binding binding;
            binding.sink = {.target = options.text("path") + "#" + options.text("table"),
                            .mode = options.text("mode"),
                            .idempotent = options.text("mode") != "append",
                            .key = options.names("key"),
                            .whole_table = options.text("mode") == "replace",
                            .transaction = options.text("path"),
                            .versioned = options.has("version")};
            std::string sparse;
            for (std::size_t i = 0; i < context.sparse().size(); ++i) {
              if (context.sparse()[i]) sparse += " " + context.input().field(i).name;
            }
            if (!sparse.empty()) binding.notes.push_back("sparse:" + sparse);
            if (options.text("mode") == "upsert" && !options.has("key")) {
              context.error("mode", "missing-option", "mode \"upsert\" needs a key",
                            "add key = [\"…\"]");
            }
            binding.make_sink = [] { return std::make_unique<FakeSink>(); };
            return binding;
          }};
}

NodeType file_sink() {
  return {
      {.name = "file",
       .kind = NodeKind::sink,
       .summary = "Writes a file.",
       .options = {{.name = "path", .kind = OptionKind::path, .help = "File.", .required = true},
                   {.name = "note", .kind = OptionKind::text, .help = "A comment in it."}},
       .many_inputs = true},
      [](BindContext& context) {
        Binding binding;
        const auto& path = context.options().text("path");
        binding.sink = {.target = path,
                        .mode = "replace",
                        .idempotent = true,
                        .file_per_unit = path.find("${window}") != std::string::npos,
                        .replaces_by_unit = true};
        binding.make_sink = [] { return std::make_unique<FakeSink>(); };
        return binding;
      }};
}

NodeType null_sink() {
  return {{.name = "null", .kind = NodeKind::sink, .summary = "Forgets rows.", .many_inputs = true},
          [](BindContext&) {
            Binding binding;
            binding.sink.keeps_coverage = false;
            binding.make_sink = [] { return std::make_unique<FakeSink>(); };
            return binding;
          }};
}

}  // namespace

const Registry& fake_registry() {
  static const Registry registry({table_source(), stream_source(), pass_transform(),
                                  keep_transform(), judge_transform(), split_transform(),
                                  wide_transform(), latest_transform(), merge_transform(),
                                  look_transform(), store_sink(), file_sink(), null_sink()});
  return registry;
}

}  // namespace flowrun::testing
