// SPDX-License-Identifier: MIT
// Floor: hub
//
// Metrics: figures about a process, for monitoring systems: those of its hubs and of the process itself, and those of
// MetricSources. Every http::Server is a source, and a program may add its own:
//
//     std::atomic<std::uint64_t> done = 0;
//     const MetricSource jobs([&](std::vector<Metric>& out) {
//         out.push_back({"jobs_done_total", "Jobs done", MetricKind::counter, {{"queue", "mail"}}, double(done)});
//     });
//
// http::metrics_handler() (tendril/http/inspect.hpp) serves them all to Prometheus; to_json() (inspection.hpp) has the
// sources' too. Example: examples/metrics.cpp

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tendril/snapshot.hpp>

namespace tendril {

// What a metric is.
enum class MetricKind : std::uint8_t {
    counter,    // only grows; by convention its name ends in _total
    gauge,      // goes up and down
    histogram,  // see Metric::histogram
};

// A value, or a histogram, with its name.
struct Metric {
    std::string name;                                              // letters, digits, "_" and ":"; others become "_"
    std::string help;                                              // one line
    MetricKind kind = MetricKind::gauge;                           // what it is
    std::vector<std::pair<std::string, std::string>> labels = {};  // names as above, any values
    double value = 0;                                              // unless it is a histogram

    // How many values were at most so large, and no larger than the bound before; the last count is of those beyond all
    // bounds.
    struct Histogram {
        std::vector<double> bounds = {};         // ascending
        std::vector<std::uint64_t> counts = {};  // one more
        double sum = 0;                          // of all values
    };
    Histogram histogram = {};  // unless `value` is meant
};

// While it lives, its function is asked for metrics whenever someone wants them: by any OS thread, so perhaps by
// several at once. The function must not wait.
class MetricSource {
public:
    using Function = std::function<void(std::vector<Metric>& out)>;  // appends what it measures

    // Any OS thread. Throws: std::invalid_argument for an empty function; std::bad_alloc.
    [[nodiscard("a MetricSource ends with its variable: give it a name")]] explicit MetricSource(Function function);
    MetricSource(const MetricSource&) = delete;
    MetricSource& operator=(const MetricSource&) = delete;
    // Any OS thread, but not inside the function. When it returns, the function is not running any more; until then,
    // that of another OS thread may block this one.
    ~MetricSource();

private:
    struct Entry;
    friend std::vector<Metric> source_metrics();
    std::shared_ptr<Entry> entry_;
};

// Asks all MetricSources. One that throws is left out. Any OS thread. Never yields. Throws: std::bad_alloc.
std::vector<Metric> source_metrics();

// Returns the metrics of these hubs (their names begin with "tendril_"), of the process ("process_") and of all
// sources. Any OS thread. Never yields. Throws: std::bad_alloc. Cost: some system calls.
std::vector<Metric> all_metrics(const std::vector<HubSnapshot>& hubs);

// Writes them in the text format of Prometheus (0.0.4): those of one name together, in the order in which the names
// come first. Values of one name with the same labels are added. Throws: std::bad_alloc.
std::string to_prometheus(const std::vector<Metric>& metrics);
// The Content-Type of that text.
inline constexpr const char* prometheus_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace tendril
