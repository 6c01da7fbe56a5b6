#include "tests/support/run_node.h"

#include <exception>
#include <stdexcept>
#include <thread>
#include <utility>

namespace flowrun::testing {
namespace {

Binding bound(BindFake& context) {
  auto binding = context.bind();
  if (context.diagnostics().has_errors()) throw std::runtime_error(context.problems());
  return binding;
}

void check_rows(const Collected& out, std::int64_t rows_in) {
  if (out.accounted_rows() == rows_in) return;
  throw std::runtime_error("rows do not add up: " + std::to_string(rows_in) + " in, " +
                           std::to_string(out.accounted_rows()) + " accounted for");
}

/// Adds what a call did to what the calls before it did.
void append(Collected& all, Collected call) {
  for (std::size_t port = 0; port < call.ports.size(); ++port) {
    for (auto& batch : call.ports[port]) all.emit(port, std::move(batch));
  }
  for (auto& reject : call.rejects) all.reject(std::move(reject));
  for (auto& result : call.checks) all.check(std::move(result));
  all.absorbed(call.absorbed_rows());
  all.filtered(call.filtered_rows());
  all.made(call.made_rows());
}

}  // namespace

Collected transformed(BindFake& context, const std::vector<BatchRef>& batches) {
  const auto transform = bound(context).make_transform();
  Log quiet;
  transform->open(quiet);
  Collected all;
  for (const auto& batch : batches) {
    Collected call;
    transform->apply(batch, call);
    check_rows(call, batch->rows());
    append(all, std::move(call));
  }
  return all;
}

Collected accumulated(BindFake& context, const std::vector<BatchRef>& batches, std::size_t threads,
                      const Unit& unit) {
  const auto accumulator = bound(context).make_accumulator(INT64_MAX);
  const auto state = accumulator->begin(unit);
  std::vector<Collected> calls(batches.size());
  std::vector<std::exception_ptr> failures(threads);
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        try {
          for (auto i = t; i < batches.size(); i += threads) state->add(batches[i], calls[i]);
        } catch (...) {
          failures[t] = std::current_exception();
        }
      });
    }
  }
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  Collected all;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    check_rows(calls[i], batches[i]->rows());
    append(all, std::move(calls[i]));
  }
  Collected flush;
  state->finish(flush);
  check_rows(flush, 0);
  append(all, std::move(flush));
  return all;
}

}  // namespace flowrun::testing
