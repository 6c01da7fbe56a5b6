// One input, its aggregates worked out in Python (exact fractions, math.fsum), and every way to cut
// it up.
#include <algorithm>
#include <cmath>
#include <random>

#include "engine/data/builder.h"
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "dev string, ch string, q int64, p decimal(10,2), f float64, t string";

/// The same numbers in every language.
class Generator {
 public:
  std::uint64_t below(std::uint64_t bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state_ >> 33U) % bound;
  }

 private:
  std::uint64_t state_ = 12345;
};

BatchRef lines(int rows) {
  Generator next;
  BatchBuilder builder(schema_of(kFields));
  for (int i = 0; i < rows; ++i) {
    const auto dev = next.below(7);
    dev == 6 ? builder.column(0).append_null()
             : builder.column(0).append_text("dev" + std::to_string(dev));
    builder.column(1).append_text("c" + std::to_string(next.below(3)));
    const auto q = static_cast<std::int64_t>(next.below(2000)) - 1000;
    next.below(10) == 0 ? builder.column(2).append_null() : builder.column(2).append_int64(q);
    builder.column(3).append_decimal(next.below(1'000'000));
    const auto f = (static_cast<double>(next.below(1'000'003)) - 500'000) / 1000.0;
    const auto scaled = std::ldexp(f, static_cast<int>(next.below(141)) - 70);
    next.below(12) == 0 ? builder.column(4).append_null()
                        : builder.column(4).append_float64(scaled);
    builder.column(5).append_text("t" + std::to_string(next.below(50)));
    builder.end_row(Ordinals::pack(static_cast<std::uint64_t>(i / (rows / 3 + 1)),
                                   static_cast<std::uint64_t>(i) * 3));
  }
  return builder.finish();
}

const char* const kMade =
    "dev string, ch string, n int64, nq int64, kinds int64, q int64, mean_q decimal(38,16), "
    "revenue decimal(38,2), mean_p decimal(38,16), f float64, mean_f float64, least float64, "
    "greatest float64, first string, last float64, min string, quantile float64, variance float64, "
    "stddev float64";
const char* const kExpected = R"(
  ,c1,965,857,50,-8071,-9.4177362893815636,5602239.93,5064.9928186528497409,-7.160233444298909e+23,-8.072416509919852e+20,-4.414716112426895e+23,2.890212249636398e+23,t38,-3.059013751896067e+17,t0,1.0133852163441175e+19,1.0333526312395878e+45,590.6890860008932
  dev0,c2,949,849,50,-2841,-3.3462897526501767,79542404.91,5160.4421812434141201,-3.5367724505362186e+23,-4.141419731307048e+20,-2.5825205584869228e+23,2.259628750220711e+23,t17,-0.017495361328125,t0,2.4397172369168276e+18,3.925127944908005e+44,592.7557606084052
  dev3,c1,926,847,50,-86,-0.1015348288075561,-28416735.84,4982.5597516198704104,5.8919309525925634e+23,6.95623489090031e+20,-4.18813696857881e+23,5.7726325945760616e+23,t27,85.6155,t0,2.2997065845053964e+19,1.263363011747185e+45,579.6754118117373
  dev2,c0,966,876,50,19286,22.0159817351598174,70186767.15,5204.4409937888198758,1.79079534186306e+24,2.060754133329183e+21,-2.9465146640284115e+23,4.6333262628351384e+23,t23,187361179419541.5,t0,3.766093034695978e+19,8.126792946421826e+44,597.5198968845001
  dev5,c0,977,868,50,8551,9.8513824884792627,3891660.96,5005.0538485158648925,1.408733407306563e+23,1.5480586893478714e+20,-4.9396897884113065e+23,2.8807734196287624e+23,t48,3.7201886016191565e-13,t0,9.934007632136511e+18,1.1135590463928177e+45,560.7802870707701
  dev0,c1,970,866,50,-11402,-13.1662817551963048,-15008401.28,4926.4614020618556701,1.4953726772162816e+24,1.7031579467155828e+21,-3.2878059927035044e+23,5.201332503394699e+23,t11,1.623912997668836e+21,t0,8.551643939473803e+19,1.2036649644174333e+45,571.2353311309498
  dev1,c0,1010,917,50,-10603,-11.5627044711014177,-186817818.49,5189.9494455445544554,-5.541166923292515e+23,-6.023007525317951e+20,-3.3645680598825506e+23,2.70506596871739e+23,t6,3.867455689032795e-12,t0,9.106537403521524e+17,4.436622225453142e+44,580.1894563750255
  dev4,c0,957,855,50,-10807,-12.6397660818713450,-74884981.00,4970.0939707419017764,-5.460565502583726e+23,-6.219322895881237e+20,-5.565733913045335e+23,3.4256754821708836e+23,t20,-122978726299303.94,t0,1.4211587807167939e+19,9.334834886494605e+44,567.3515106088192
  dev4,c1,944,838,50,-14249,-17.0035799522673031,13767985.21,4921.4741419491525424,-9.65415447283433e+23,-1.1317883321025006e+21,-3.8184347025511524e+23,2.9589994204174982e+23,t3,-1290600.448,t0,1.4116327667849759e+19,6.384856543285422e+44,570.9397930596506
  dev1,c1,918,808,50,7425,9.1893564356435644,100496176.48,4918.9285294117647059,-9.46302402392786e+23,-1.1305882943760884e+21,-4.7486110345981934e+23,5.1286670891395426e+23,t38,2.095146278691118e-14,t0,4.957354943938581e+19,1.3191695989162523e+45,578.6272328818848
  ,c2,982,881,50,34454,39.1078320090805902,141137670.75,4915.5898167006109980,1.5996375528252926e+23,1.7636577208658133e+20,-4.0911749787692885e+23,5.194437848329709e+23,t0,8.126318454742431e-06,t0,3.690840406938397e+18,1.1762251261777082e+45,565.2671339085852
  dev0,c0,954,847,50,-6311,-7.4510035419126328,-35219915.12,5116.0567295597484277,-2.4226560153290355e+24,-2.7592893113086965e+21,-5.233668907886149e+23,2.8951825403596186e+23,t13,8.24458279424789e-14,t0,7.851383061473647e+17,1.3109548491736311e+45,583.5708996659574
  dev3,c0,943,852,50,756,0.8873239436619718,-8546489.22,5010.6189289501590668,3.5549644760186316e+23,4.105039810645071e+20,-3.664414719712358e+23,3.2243609990061504e+23,t26,-7.500186733031767e+18,t0,1.3153486890555615e+20,5.8016199945826616e+44,566.642262630644
  dev1,c2,950,858,50,-7999,-9.3228438228438228,-7644148.54,4957.6943578947368421,-1.2024110891563267e+24,-1.3773322899843375e+21,-5.393863384901294e+23,4.8844381005617315e+23,t42,-6.747461846712503e+16,t0,3.180726684345491e+18,1.9396165329633725e+45,586.2418284415915
  dev3,c2,942,855,50,-17455,-20.4152046783625731,-88246556.45,5034.6164543524416136,-3.34944459687244e+23,-3.894703019619116e+20,-5.079259329812519e+23,3.383670032305758e+23,t2,1.2046307325363159e-05,t0,1.113336088861358e+20,8.699949771911934e+44,566.0910747580921
  dev5,c1,949,842,50,13191,15.6662707838479810,67431664.77,5007.0710115911485774,1.7345134189595417e+24,1.9823010502394763e+21,-4.063277598771736e+23,5.7536604872311325e+23,t43,-1569.596,t0,5.604665605003884e+19,1.7756359889194994e+45,570.1788725973191
  dev4,c2,900,809,50,10948,13.5327564894932015,121365119.98,4940.2876000000000000,1.834117692905408e+23,2.231286731028477e+20,-2.810894201598499e+23,5.4008288754635274e+23,t15,-449621000.192,t0,1.5360771774444042e+18,1.1842431164979416e+45,597.743903346212
  dev5,c2,930,839,50,-24937,-29.7222884386174017,-83220245.53,4870.8267634408602151,6.799860630012642e+23,7.962366077298176e+20,-3.45180197473736e+23,4.47422973602726e+23,t24,333479.936,t0,1.0993156986741746e+19,7.529214087911962e+44,579.4821780020197
  dev2,c2,967,850,50,-14036,-16.5129411764705882,-83981264.62,5054.5471044467425026,-1.4648470811300375e+24,-1.6570668338575085e+21,-5.589546446035205e+23,3.029433516509499e+23,t28,4.5683191274292765e-10,t0,3.29644757749069e+18,1.0226479453335528e+45,564.3025885933062
  ,c0,952,846,50,-23012,-27.2009456264775414,-101731487.93,5018.0491386554621849,3.1099938225848286e+23,3.624701424924043e+20,-5.6243148692653334e+23,4.844345209122168e+23,t44,-5.733046296845622e+18,t0,6.659732896907212e+19,1.032029981409775e+45,575.2119175622265
  dev2,c1,949,856,50,1217,1.4217289719626168,-128966243.78,4991.1995785036880927,-1.769073668572781e+23,-2.024111748939109e+20,-4.241865693237659e+23,4.788042794730155e+23,t34,0.0033946914672851563,t0,1.9725574964898414e+18,8.592808484692478e+44,550.8914782124205
)";

BindFake aggregate_lines(const std::vector<std::string>& by) {
  return {nodes::aggregate(),
          {{"by", list(by)},
           {"values",
            list({"count(*) as n", "count(q) as nq", "count(distinct t) as kinds", "sum(q) as q",
                  "avg(q) as mean_q", "sum(q * p) as revenue", "avg(p) as mean_p", "sum(f) as f",
                  "avg(f) as mean_f", "min(f) as least", "max(f) as greatest", "first(t)",
                  "last(f)", "min(t)", "quantile(f, 0.95)", "variance(f)", "stddev(q)"})}},
          {schema_of(kFields)}};
}

}  // namespace

TEST_CASE("one thread and many, any batches, any order of them: the same rows") {
  const auto wanted = csv_of(*batch_of(kMade, kExpected));
  const auto plain = lines(20'000);
  const auto encoded = with_dictionary(*with_dictionary(*plain, "ch", 1), "dev", 2);
  for (const auto& rows : {plain, encoded}) {
    for (const std::int64_t size : {7, 517, 4096, 20'000}) {
      auto parts = cut(rows, size);
      for (const bool shuffled : {false, true}) {
        if (shuffled) {
          std::shuffle(parts.begin(), parts.end(),
                       std::mt19937_64(static_cast<std::uint64_t>(size)));
        }
        for (const std::size_t threads : {1, 4}) {
          auto context = aggregate_lines({"dev", "ch"});
          const auto out = accumulated(context, parts, threads);
          CHECK(out.csv() == wanted);
          CHECK(out.rejects.empty());
        }
      }
    }
  }
}

TEST_CASE("dictionaries that grow, and others for some batches: the same rows") {
  const auto wanted = csv_of(*batch_of(kMade, kExpected));
  const auto parts = cut(lines(20'000), 1000);
  std::vector<BatchRef> mixed;
  ColumnRef devices;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // Of three batches, one has a growing list of devices, one a list of its own, one has none.
    auto part = parts[i];
    if (i % 3 == 0) {
      part = with_dictionary(*part, "dev", 77, devices);
      devices = part->column(0).dictionary();
    } else if (i % 3 == 1) {
      part = with_dictionary(*part, "dev", 1000 + i);
    }
    mixed.push_back(i % 3 == 2 ? part : with_dictionary(*part, "ch", 2000 + i));
  }
  for (const std::size_t threads : {1, 4}) {
    auto context = aggregate_lines({"dev", "ch"});
    CHECK(accumulated(context, mixed, threads).csv() == wanted);
  }
}

TEST_CASE("more groups than a thread keeps to itself are joined on the way") {
  BatchBuilder builder(schema_of("k int64, v int64"));
  constexpr std::int64_t kKeys = 150'000;
  for (std::int64_t i = 0; i < 3 * kKeys; ++i) {
    builder.column(0).append_int64(i * 7 % kKeys);  // each key three times
    builder.column(1).append_int64(i);
    builder.end_row(static_cast<std::uint64_t>(i));
  }
  const auto parts = cut(builder.finish(), 10'000);
  for (const std::size_t threads : {1, 3}) {
    BindFake context(nodes::aggregate(),
                     {{"by", value("k")}, {"values", list({"count(*)", "sum(v)", "first(v)"})}},
                     {schema_of("k int64, v int64")});
    const auto out = accumulated(context, parts, threads);
    std::int64_t row_number = 0;
    for (const auto& batch : out.ports.at(0)) {
      CHECK(batch->rows() <= kMaxBatchRows);
      for (std::int64_t row = 0; row < batch->rows(); ++row, ++row_number) {
        const auto at = static_cast<std::size_t>(row);
        // Key i * 7 % n comes at i, i + n and i + 2 n.
        REQUIRE(batch->column(0).values<std::int64_t>()[at] == row_number * 7 % kKeys);
        REQUIRE(batch->column(1).values<std::int64_t>()[at] == 3);
        REQUIRE(batch->column(2).values<std::int64_t>()[at] == 3 * row_number + 3 * kKeys);
        REQUIRE(batch->column(3).values<std::int64_t>()[at] == row_number);
        REQUIRE(batch->ordinal(row) == static_cast<std::uint64_t>(row_number));
      }
    }
    CHECK(row_number == kKeys);
  }
}

TEST_CASE("memory is told while rows come in and given back at the end") {
  auto context = aggregate_lines({"dev", "ch"});
  const auto binding = context.bind();
  const auto node = binding.make_accumulator(0);
  const auto state = node->begin({});
  Collected out;
  std::int64_t before = state->memory();
  for (const auto& part : cut(lines(20'000), 5000)) {
    state->add(part, out);
    CHECK(state->memory() >= before);
    before = state->memory();
  }
  CHECK(before > 20'000 * 8 * 9 / 10);  // quantile keeps every value that is not null
  CHECK(before < 20'000 * 8 * 4);
  state->finish(out);
  CHECK(state->memory() < 10'000);
}
