// SPDX-License-Identifier: MIT

#include "top/sample.hpp"

#include <algorithm>
#include <utility>

namespace tendril::top {

namespace {

using detail::Json;

// What `share` of the counts, less those before, are at most: bucket i ends at 2^i microseconds.
double quantile_since(const Json& now, const Json& before, double share) {
    std::vector<double> counts;
    double sum = 0;
    for (std::size_t i = 0; i < now["counts"].items().size(); ++i) {
        const auto& old = before["counts"].items();
        counts.push_back(std::max(now["counts"].items()[i].number() - (i < old.size() ? old[i].number() : 0), 0.0));
        sum += counts.back();
    }
    double below = 0, bound = 1e-6;
    for (const double count : counts) {
        below += count;
        if (sum > 0 && below >= share * sum) {
            return std::min(bound, std::max(now["longest"].number(), 1e-9));
        }
        bound *= 2;
    }
    return 0;
}

const Json& hub_of(const Json& all, double os_thread) {
    static const Json none;
    for (const Json& each : all["hubs"].items()) {
        if (each["os_thread"].number() == os_thread) {
            return each;
        }
    }
    return none;
}

}  // namespace

std::string metric_title(const Json& metric) {
    std::string title = metric["name"].string(), labels;
    for (const auto& [name, value] : metric["labels"].members()) {
        labels += (labels.empty() ? "" : ",") + name + "=\"" + value.string() + '"';
    }
    return labels.empty() ? title : title + "{" + labels + "}";
}

Sample Sample::of(Json now, const Sample* before) {
    static const Json none;
    Sample sample;
    const Json& old = before != nullptr ? before->all : none;
    const double span = now["process"]["now"].number() - old["process"]["now"].number();
    const bool same = before != nullptr && span > 0 && now["process"]["pid"].number() == old["process"]["pid"].number();
    sample.has_rates = same;
    if (same) {
        sample.cpu_percent =
            100 * (now["process"]["cpu_seconds"].number() - old["process"]["cpu_seconds"].number()) / span;
    }
    for (const Json& each : now["hubs"].items()) {
        const Json& past = same ? hub_of(old, each["os_thread"].number()) : none;
        const Json &is = each["scheduling"], &was = past["scheduling"];
        HubFigures figures;
        figures.delay_p50 = quantile_since(is["run_queue_delay"], was["run_queue_delay"], 0.5);
        figures.delay_p99 = quantile_since(is["run_queue_delay"], was["run_queue_delay"], 0.99);
        figures.stretch_p99 = quantile_since(is["stretches"], was["stretches"], 0.99);
        figures.turns = same ? (each["turns"].number() - past["turns"].number()) / span : 0;
        sample.hubs.push_back(figures);
    }
    if (same) {
        std::map<std::string, double> values;
        for (const Json& each : old["metrics"].items()) {
            values[metric_title(each)] = each["value"].number();
        }
        for (const Json& each : now["metrics"].items()) {
            const std::string title = metric_title(each);
            if (const auto at = values.find(title); at != values.end() && each["kind"].string() == "counter") {
                const double rate = (each["value"].number() - at->second) / span;
                sample.metric_rates[title] = rate;
                sample.requests_per_second += each["name"].string() == "tendril_http_requests_total" ? rate : 0;
            }
        }
    }
    sample.all = std::move(now);
    return sample;
}

}  // namespace tendril::top
