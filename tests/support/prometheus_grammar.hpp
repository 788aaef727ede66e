// SPDX-License-Identifier: MIT
//
// The grammar of Prometheus's text format 0.0.4, as promtool checks it: each line, and what lines mean together.

#pragma once

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace tendril::testing {

// Returns the first fault; "" if there is none.
inline std::string fault_of_prometheus(const std::string& text) {
    static const std::regex help("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\\\]|\\\\[\\\\n])*)");
    static const std::regex type("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)");
    static const std::string label = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\]|\\\\[\\\\\"n])*\"";
    static const std::regex sample("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{(" + label + "(?:," + label +
                                   ")*)?\\})? "
                                   "(NaN|[+-]Inf|[-+]?[0-9]+(?:\\.[0-9]+)?(?:e[-+]?[0-9]+)?)");
    if (!text.empty() && text.back() != '\n') {
        return "the last line has no end";
    }
    std::string family, kind;
    std::set<std::string> families, samples;
    std::map<std::string, double> last_bucket;  // by labels without le
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::smatch parts;
        if (line.starts_with("# HELP ")) {
            if (!std::regex_match(line, parts, help)) {
                return "HELP: " + line;
            }
            continue;
        }
        if (std::regex_match(line, parts, type)) {
            family = parts[1];
            kind = parts[2];
            if (!families.insert(family).second) {
                return "a second TYPE: " + line;
            }
            continue;
        }
        if (!std::regex_match(line, parts, sample)) {
            return "not a sample: " + line;
        }
        if (!samples.insert(line.substr(0, line.rfind(' '))).second) {
            return "twice: " + line;
        }
        const std::string name = parts[1];
        const bool of_histogram =
            kind == "histogram" && (name == family + "_bucket" || name == family + "_sum" || name == family + "_count");
        if (!of_histogram && (name != family || kind == "histogram")) {
            return "not of the family " + family + ": " + line;
        }
        if (kind == "counter" && std::stod(parts[4]) < 0) {
            return "a counter below 0: " + line;
        }
        if (name == family + "_bucket" && kind == "histogram") {
            const std::string labels = std::regex_replace(std::string(parts[3]), std::regex(",?le=\"[^\"]*\""), "");
            const double value = std::stod(parts[4]);
            if (value < last_bucket[family + labels]) {
                return "buckets that are not cumulative: " + line;
            }
            last_bucket[family + labels] = value;
        }
        if (name == family + "_count" && kind == "histogram" &&
            std::stod(parts[4]) != last_bucket[family + std::string(parts[3])]) {
            return "the count is not the last bucket's: " + line;
        }
    }
    return "";
}

}  // namespace tendril::testing
