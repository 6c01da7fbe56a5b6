#include "engine/plan/env_file.h"

#include "tests/support/catch.h"

using namespace flowrun;

using Variables = std::map<std::string, std::string>;

TEST_CASE("a .env file holds names and values, quoted or not") {
  std::string faults;
  const auto found = parse_env_file(
      "# the database\n\nDATABASE_URL=postgresql://me:pa#ss@db/ships   # of the team\r\n"
      "export DATA_DIR = /srv/data \nEMPTY=\nNOTE=\"two\\nlines \\\"quoted\\\" # kept\" # gone\n"
      "RAW='a\\n\"b'\nTWICE=1\nTWICE=2",
      &faults);
  CHECK(found == Variables{{"DATABASE_URL", "postgresql://me:pa#ss@db/ships"},
                           {"DATA_DIR", "/srv/data"},
                           {"EMPTY", ""},
                           {"NOTE", "two\nlines \"quoted\" # kept"},
                           {"RAW", "a\\n\"b"},
                           {"TWICE", "2"}});
  CHECK(faults.empty());
}

TEST_CASE("lines that are none of a .env file are told") {
  std::string faults;
  CHECK(parse_env_file("A=1\nnonsense\n1X=2\nB=\"open\nC='x' y\nD=4\n", &faults) ==
        Variables{{"A", "1"}, {"D", "4"}});
  CHECK(faults == "line 2, line 3, line 4, line 5");
}
