#include "nodes/postgres/journal/input_sets.h"

#include "engine/core/hash.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {

std::string InputSets::save(Connection& connection, const InputSet& inputs) {
  std::string content;
  Rows rows({"bytea", "text"});
  for (const auto& [name, print] : inputs) {
    for (const auto& part : {name, print}) content += std::to_string(part.size()) + ":" + part;
    rows.add({bytes(name), text(print)});
  }
  auto id = fingerprint(content);
  {
    const std::lock_guard guard(mutex_);
    if (stored_.contains(id)) return id;
  }
  connection.execute("insert into flowrun_journal.inputs (id, name, value) select $1, * from " +
                         rows.sql(2) + " on conflict do nothing",
                     rows.parameters({id}));
  return id;
}

void InputSets::committed(const std::string& id) {
  const std::lock_guard guard(mutex_);
  stored_.insert(id);
}

std::shared_ptr<const InputSet> InputSets::load(Connection& connection, const std::string& id) {
  {
    const std::lock_guard guard(mutex_);
    const auto known = loaded_.find(id);
    if (known != loaded_.end()) return known->second;
  }
  const auto rows = connection.execute(
      "select name, value from flowrun_journal.inputs where id = $1", {text(id)});
  auto inputs = std::make_shared<InputSet>();
  for (int i = 0; i < rows.rows(); ++i) {
    inputs->emplace(read_bytes(rows, i, 0), rows.string(i, 1));
  }
  const std::lock_guard guard(mutex_);
  return loaded_[id] = std::move(inputs);
}

}  // namespace flowrun::postgres
