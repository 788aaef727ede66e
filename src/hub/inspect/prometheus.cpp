// SPDX-License-Identifier: MIT
//
// The text format of Prometheus, 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/

#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tendril/metrics.hpp>

namespace tendril {

namespace {

bool is_name_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string metric_name(std::string_view text, bool colons) {
    std::string name;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9' && !name.empty();
        name += is_name_letter(c) || digit || (colons && c == ':') ? c : '_';
    }
    return name.empty() ? "_" : name;
}

std::string escaped_text(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || (quotes && c == '"')) {
            out += '\\';
        }
        out += c == '\n' ? "\\n" : std::string(1, c);
    }
    return out;
}

std::string number_text(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    char text[40];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// `{a="b",` without the end; nothing without labels.
std::string label_text(const Metric& metric) {
    std::map<std::string, std::string> all;  // by name, so that equal ones are written alike, and none twice
    for (const auto& [name, value] : metric.labels) {
        all[metric_name(name, false)] = escaped_text(value, true);
    }
    std::string text;
    for (const auto& [name, value] : all) {
        text += (text.empty() ? "" : ",") + name + "=\"" + value + '"';
    }
    return text;
}

std::string in_braces(const std::string& labels, const std::string& last = {}) {
    const std::string all = labels + (labels.empty() || last.empty() ? "" : ",") + last;
    return all.empty() ? "" : "{" + all + "}";
}

struct MetricFamily {
    std::string name;
    const Metric* first;
    std::vector<std::string> order;  // of the labels
    std::unordered_map<std::string, Metric> by_labels;
};

void add_metric(Metric& sum, const Metric& more) {
    sum.value += more.value;
    if (sum.histogram.bounds == more.histogram.bounds && sum.histogram.counts.size() == more.histogram.counts.size()) {
        sum.histogram.sum += more.histogram.sum;
        for (std::size_t i = 0; i < sum.histogram.counts.size(); ++i) {
            sum.histogram.counts[i] += more.histogram.counts[i];
        }
    }
}

std::vector<MetricFamily> metric_families(const std::vector<Metric>& metrics) {
    std::vector<MetricFamily> all;
    std::unordered_map<std::string, std::size_t> places;
    for (const Metric& each : metrics) {
        std::string name = metric_name(each.name, true);
        const auto [at, added] = places.try_emplace(name, all.size());
        if (added) {
            all.push_back({std::move(name), &each, {}, {}});
        }
        MetricFamily& family = all[at->second];
        if (family.first->kind != each.kind) {
            continue;  // the same name, but another kind: the first one's is meant
        }
        std::string labels = label_text(each);
        const auto [place, fresh] = family.by_labels.try_emplace(labels, each);
        if (fresh) {
            family.order.push_back(std::move(labels));
        } else {
            add_metric(place->second, each);
        }
    }
    return all;
}

void write_histogram(std::string& out, const std::string& name, const std::string& labels,
                     const Metric::Histogram& histogram) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
        sum += histogram.counts[i];
        const std::string bound = i < histogram.bounds.size() ? number_text(histogram.bounds[i]) : "+Inf";
        out += name + "_bucket" + in_braces(labels, "le=\"" + bound + '"') + ' ' + std::to_string(sum) + '\n';
    }
    out += name + "_sum" + in_braces(labels) + ' ' + number_text(histogram.sum) + '\n';
    out += name + "_count" + in_braces(labels) + ' ' + std::to_string(sum) + '\n';
}

bool is_whole(const Metric& metric) noexcept {
    return metric.kind != MetricKind::histogram || metric.histogram.counts.size() == metric.histogram.bounds.size() + 1;
}

}  // namespace

std::string to_prometheus(const std::vector<Metric>& metrics) {
    static constexpr const char* kinds[] = {"counter", "gauge", "histogram"};
    std::string out;
    for (const MetricFamily& family : metric_families(metrics)) {
        if (!family.first->help.empty()) {
            out += "# HELP " + family.name + ' ' + escaped_text(family.first->help, false) + '\n';
        }
        out += "# TYPE " + family.name + ' ' + kinds[static_cast<std::size_t>(family.first->kind)] + '\n';
        for (const std::string& labels : family.order) {
            const Metric& metric = family.by_labels.at(labels);
            if (metric.kind == MetricKind::histogram && is_whole(metric)) {
                write_histogram(out, family.name, labels, metric.histogram);
            } else if (metric.kind != MetricKind::histogram) {
                out += family.name + in_braces(labels) + ' ' + number_text(metric.value) + '\n';
            }
        }
    }
    return out;
}

}  // namespace tendril
