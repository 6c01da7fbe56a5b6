// The four interfaces of nodes. No deeper hierarchy: a helper shared by nodes is a concept of its
// own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/core/log.h"
#include "engine/data/batch.h"
#include "engine/spec/check.h"
#include "engine/spec/reject.h"
#include "engine/spec/unit.h"

namespace flowrun {

/// Where a node puts what it makes of the rows at hand. Belongs to one call; used by that call's
/// thread only. Each input row ends once: emitted as itself (passed), or absorbed, filtered or
/// rejected. Rows that a node emits beyond those are `made`. The engine checks rows in = passed +
/// absorbed + filtered + rejected after every call, with passed = emitted - made.
class Output {
 public:
  virtual ~Output() = default;
  /// Sends rows out of port `port` (0 is the main one; the `rejected` port is not among these).
  virtual void emit(std::size_t port, BatchRef batch) = 0;
  virtual void reject(Reject reject) = 0;
  /// Says how a rule came out over a unit; for the flush of an accumulator only. Who merely looks
  /// at rows has no use for it.
  virtual void check(CheckResult /*result*/) {}
  void absorbed(std::int64_t rows) { absorbed_ += rows; }
  void filtered(std::int64_t rows) { filtered_ += rows; }
  void made(std::int64_t rows) { made_ += rows; }

  [[nodiscard]] std::int64_t absorbed_rows() const { return absorbed_; }
  [[nodiscard]] std::int64_t filtered_rows() const { return filtered_; }
  [[nodiscard]] std::int64_t made_rows() const { return made_; }

 private:
  std::int64_t absorbed_ = 0;
  std::int64_t filtered_ = 0;
  std::int64_t made_ = 0;
};

// ----------------------------------------------------------------------------------------------
// sources

/// Something that a source reads from start to end: a file, a table. `name` shows up in origins.
struct Input {
  std::string name;
  /// Of the content; "" where none can be had (stdin, a table of a server): then a load is known by
  /// its run, and what is read by ranges by its windows alone.
  std::string fingerprint;
  std::int64_t bytes = -1;  ///< for progress; -1 where unknown
  std::string path;         ///< files: to open
};

/// Gives the fingerprint of a file's content; remembers it by size, times and inode. Any thread.
class FileFingerprints {
 public:
  virtual ~FileFingerprints() = default;
  [[nodiscard]] virtual std::string of(const std::string& path) = 0;
};

struct SourceContext {
  FileFingerprints* fingerprints =
      nullptr;         ///< null where nobody needs fingerprints (preview, null sinks)
  Log* log = nullptr;  ///< never null
};

/// A piece of input that was read but not yet decoded.
class Chunk {
 public:
  virtual ~Chunk() = default;
  /// Bytes of input it stands for, for progress (compressed bytes where the input is compressed).
  std::int64_t input_bytes = 0;
};

struct ReadRequest {
  std::int64_t bytes = kMaxBatchBytes;  ///< about how much to read
  std::int64_t rows = kMaxBatchRows;    ///< at most how many rows a batch may hold
};

/// Reads one input, or one range of it, from start to end.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Reads the next piece; null at the end. Blocks; returns early (null) when asked to stop. Called
  /// by the source's own thread only. Throws Error(io) or, for input that cannot be read on,
  /// Error(data).
  [[nodiscard]] virtual std::unique_ptr<Chunk> read(const ReadRequest& request,
                                                    std::stop_token stop) = 0;
  /// Turns a piece into batches of the source's schema, in order, and rejects: pure CPU work.
  /// Called by any thread, for several pieces at once; so state that it shares is constant or
  /// guarded.
  virtual void decode(Chunk& chunk, const ReadRequest& request, Output& out) const = 0;
  /// Why rows of the range that was read may still become visible (a transaction that began before
  /// the range's end has not ended); "" where none can. Asked by the source's own thread, once
  /// read() has said that the range ends.
  [[nodiscard]] virtual std::string unsettled() const { return {}; }
};

/// Rows that a load of a cursor does not need: those below the mark of their key, for keys that
/// have one, and those below `initial` of other keys. Texts are in the canonical form of their
/// column's type.
struct CursorBounds {
  struct Mark {
    std::vector<std::optional<std::string>> key;  ///< a value for each column of `per`; null: none
    std::string value;
  };
  std::size_t column = 0;        ///< of the source's schema
  std::vector<std::size_t> per;  ///< columns, too
  std::vector<Mark> marks;
  std::optional<std::string> initial;
};

/// Reads rows. Made anew for every run; inputs() and open() are called by one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  /// Lists what there is to read, in an order that does not depend on chance. Does I/O.
  [[nodiscard]] virtual std::vector<Input> inputs(const SourceContext& context) = 0;
  /// True where open() can read just one range of event time: then windows are read one by one.
  [[nodiscard]] virtual bool reads_ranges() const { return false; }
  /// Lets the source leave out rows that nobody needs; called before open(), or not at all. Rows at
  /// a mark, and rows without a value in the column, are needed; so what a source cannot tell for
  /// sure it reads.
  virtual void narrow(const CursorBounds& /*bounds*/) {}
  /// Opens an input; `number` is what its rows' ordinals carry as input. `range` is null where the
  /// whole input is read (always, unless reads_ranges()).
  [[nodiscard]] virtual std::unique_ptr<Reader> open(const Input& input, std::uint64_t number,
                                                     const Interval* range) = 0;
};

// -------------------------------------------------------------------------------------------
// transforms

/// A stateless operator. apply() is called by any thread, on many batches at once.
class Transform {
 public:
  virtual ~Transform() = default;
  /// Gets ready for a run, or for a look at plan time: reads the table that it looks things up in.
  /// Called once before the first apply(), when the sinks that the node comes `after` have
  /// committed. May do I/O. Throws Error(io) or Error(data).
  virtual void open(Log& /*log*/) {}
  virtual void apply(const BatchRef& batch, Output& out) const = 0;
};

/// What an accumulator keeps of one unit.
class AccumulatorState {
 public:
  virtual ~AccumulatorState() = default;
  /// Takes a batch; called by many threads at once (shard by key, lock a shard at a time). Emits
  /// only rows that need no state to go on (check); the rest waits for the flush.
  virtual void add(const BatchRef& batch, Output& out) = 0;
  /// Emits everything, in the order of the rows' ordinals, batch by batch, giving memory back as it
  /// goes where it can. Called once, after the last add(), by one thread.
  virtual void finish(Output& out) = 0;
  /// Bytes kept now. Any thread, cheap.
  [[nodiscard]] virtual std::int64_t memory() const = 0;
};

/// A keyed operator: absorbs the rows of a unit and emits when the unit's input has ended.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  [[nodiscard]] virtual std::unique_ptr<AccumulatorState> begin(const Unit& unit) const = 0;
  /// True where a unit without a row is flushed, too (a check of the number of rows).
  [[nodiscard]] virtual bool flushes_empty() const { return false; }
};

// ------------------------------------------------------------------------------------------------
// sinks

/// Keeps coverage for targets without transactions (files). Implemented by the journal. Any thread.
class CoverageStore {
 public:
  virtual ~CoverageStore() = default;
  [[nodiscard]] virtual std::vector<Coverage> load(const CoverageKey& key) = 0;
  /// Notes that a unit is prepared: `note` (a digest, a length) is what recovery compares. Survives
  /// the end of the process on return, not a power cut: the sink must be able to tell by the note
  /// whether the data are there, and to load the unit again.
  virtual void prepare(const Marker& marker, const std::string& note) = 0;
  /// Turns the prepared unit into coverage. Survives as prepare() does.
  virtual void commit(const Marker& marker, const std::string& note) = 0;
  struct Prepared {
    Marker marker;
    std::string note;
  };
  /// Units that were prepared and neither committed nor forgotten.
  [[nodiscard]] virtual std::vector<Prepared> prepared(const CoverageKey& key) = 0;
  /// The note of every committed unit, by generation's marker; in commit order.
  [[nodiscard]] virtual std::vector<Prepared> committed(const CoverageKey& key) = 0;
  /// Takes a unit back (prepared or committed): its file is gone or unfinished.
  virtual void forget(const Marker& marker) = 0;
};

/// Run-wide objects that several nodes share by name (one connection per database file).
class SharedObjects {
 public:
  virtual ~SharedObjects() = default;
  /// Returns the object under `name`, made by `make` at the first call. Any thread.
  [[nodiscard]] virtual std::shared_ptr<void> get(
      const std::string& name, std::shared_ptr<void> (*make)(const std::string&)) = 0;
};

struct SinkContext {
  CoverageKey key;
  std::int64_t epoch = 0;  ///< markers of an older epoch are refused
  std::string run;
  std::int64_t memory = 16 << 20;     ///< bytes that staged rows may hold before they go to disk
  std::string spool_directory;        ///< where staged rows may go
  CoverageStore* coverage = nullptr;  ///< never null
  SharedObjects* shared = nullptr;    ///< never null
  Log* log = nullptr;                 ///< never null
  std::stop_token stop;               ///< of the attempt: what the sink waits for may be given up
};

/// A batch in the form in which a sink wants it: by default the batch itself.
class Encoded {
 public:
  explicit Encoded(BatchRef source) : batch(std::move(source)) {}
  virtual ~Encoded() = default;
  BatchRef batch;
};

/// Takes rows that a target refuses, a few at a time as they are found: nobody has to hold all of a
/// unit's.
using Refuse = std::function<void(std::vector<Reject>)>;

/// One thing that a run would do to a target before the first row, for `flowrun plan`.
struct PlanStep {
  std::string text;  ///< "create table engine (…)"
  bool destructive = false;
};

/// Writes rows of units, each unit in one step. All calls but encode() come from one thread, the
/// sink's own. Order per unit: begin, write*, prepare, commit; abort instead of any of the last
/// two, or after a failed one. Several units may be between begin and prepare at once; from prepare
/// to commit (or abort) only one is.
class Sink {
 public:
  virtual ~Sink() = default;
  /// What open() would do to the target; touches nothing.
  [[nodiscard]] virtual std::vector<PlanStep> steps(const SinkContext& context) = 0;
  /// What is committed in the target, asked once before a run; touches nothing, does not need
  /// open().
  [[nodiscard]] virtual std::vector<Coverage> covered(const SinkContext& context) = 0;
  /// The greatest epoch that the target knows of this pipeline and instance, dropped tables'
  /// included; 0 where it knows none or keeps none of its own. Asked with covered(), under the same
  /// conditions.
  [[nodiscard]] virtual std::int64_t epoch(const SinkContext& /*context*/) { return 0; }
  /// Connects, creates or changes tables, finishes or drops what a crash left behind.
  virtual void open(const SinkContext& context) = 0;
  /// Brings a batch into the sink's form: pure CPU work, any thread.
  [[nodiscard]] virtual std::unique_ptr<Encoded> encode(BatchRef batch) const {
    return std::make_unique<Encoded>(std::move(batch));
  }
  /// Opens staging for a unit.
  virtual void begin(const Unit& unit) = 0;
  /// Stages rows: memory first, then disk. Rows of a unit arrive in any order; where order matters,
  /// ordinals give it.
  virtual void write(const Unit& unit, std::unique_ptr<Encoded> rows) = 0;
  /// Applies the unit's rows inside an open transaction (or a temporary file, fsynced), the marker
  /// first. Rows that the target refuses go to `refuse`, which blocks until they are staged.
  virtual void prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) = 0;
  /// Makes the prepared unit visible, its marker with it. Durable on return.
  virtual void commit(const Unit& unit) = 0;
  /// Drops whatever is staged or prepared of a unit. Never throws.
  virtual void abort(const Unit& unit) noexcept = 0;
  /// Called where open() went through. Ends the run after the last commit (joins parts, swaps
  /// shadow tables); `complete` is false where some unit failed.
  virtual void close(bool complete) = 0;
};

}  // namespace flowrun
