// The grammar of [state].
#include "engine/plan/grammar.h"

namespace flowrun {

const SectionSpec& state_section() {
  static const SectionSpec section{
      .name = "state",
      .help = "Where the journal of runs and windows is kept.",
      .options =
          {{.name = "url",
            .kind = OptionKind::text,
            .help = "\"sqlite:PATH\", relative to the pipeline file, or a database that several "
                    "machines share, \"postgresql://USER@HOST/DATABASE\"; by default "
                    ".flowrun/state.db beside the file.",
            .example = "\"${env:DATABASE_URL}\"",
            .secret = true},
           {.name = "retention",
            .kind = OptionKind::duration,
            .help =
                "Runs that ended longer ago are forgotten, with their rejects and checks; never "
                "the latest one, nor what is loaded. Absent: none is.",
            .example = "\"30d\""},
           {.name = "heartbeat",
            .kind = OptionKind::duration,
            .help = "How often a run gives a sign of life; of journals on a server, where it is 5s "
                    "unless given.",
            .example = "\"5s\""},
           {.name = "ttl",
            .kind = OptionKind::duration,
            .help =
                "A run that gave no sign of life for longer is taken over by the next one, even "
                "where its session lives; of journals on a server. Absent: never.",
            .example = "\"6h\""}},
      .later = {}};
  return section;
}

}  // namespace flowrun
