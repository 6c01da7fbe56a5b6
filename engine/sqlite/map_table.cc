#include "engine/sqlite/map_table.h"

#include "engine/core/hash.h"

namespace flowrun::sqlite {

std::string MapTable::ddl(const std::string& table) {
  return "create table if not exists " + quote_identifier(table) +
         " (id text not null, name text not null, value text not null, primary key (id, name)) "
         "without rowid";
}

std::string MapTable::save(const Map& map) {
  Fingerprinter content;
  for (const auto& [name, value] : map) {
    content.add(name);
    content.add(std::string_view("\0", 1));
    content.add(value);
    content.add(std::string_view("\0", 1));
  }
  auto id = content.digest();
  if (!saved_.insert(id).second) return id;
  auto insert = connection_->prepare("insert or ignore into " + quote_identifier(table_) +
                                     " (id, name, value) values (?, ?, ?)");
  for (const auto& [name, value] : map) insert.bind(id, name, value).run();
  return id;
}

std::shared_ptr<const MapTable::Map> MapTable::load(const std::string& id) {
  auto& known = loaded_[id];
  if (known) return known;
  auto map = std::make_shared<Map>();
  auto rows =
      connection_->prepare("select name, value from " + quote_identifier(table_) + " where id = ?");
  rows.bind(id);
  while (rows.step()) map->emplace(rows.text(0), rows.text(1));
  known = std::move(map);
  return known;
}

}  // namespace flowrun::sqlite
