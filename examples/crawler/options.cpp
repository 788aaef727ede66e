// SPDX-License-Identifier: MIT

#include "options.hpp"

#include <getopt.h>

#include <charconv>
#include <cstring>

namespace crawler {

const char usage[] = "usage: tendril-crawler [options] URL\n"
                     "\n"
                     "Follows all links of a site, breadth first, and writes a line of JSON for each page.\n"
                     "\n"
                     "  --concurrency N  how many pages at the same time (16)\n"
                     "  --per-host N     how many connections to the host (8)\n"
                     "  --pages N        how many pages at most (10000)\n"
                     "  --timeout N      seconds for a page (30)\n"
                     "  --no-robots      do not ask for robots.txt; only for sites of your own\n"
                     "  --ca-file FILE   authorities to trust, instead of the system's\n"
                     "  --report FILE    write there, not to standard output\n"
                     "  --help           this text\n"
                     "\n"
                     "Ctrl-C ends it; what was found by then is in the report.\n";

namespace {

enum Option { concurrency, per_host, pages, timeout, no_robots, ca_file, report, help };

const option known_options[] = {
    {"concurrency", required_argument, nullptr, concurrency},
    {"per-host", required_argument, nullptr, per_host},
    {"pages", required_argument, nullptr, pages},
    {"timeout", required_argument, nullptr, timeout},
    {"no-robots", no_argument, nullptr, no_robots},
    {"ca-file", required_argument, nullptr, ca_file},
    {"report", required_argument, nullptr, report},
    {"help", no_argument, nullptr, help},
    {nullptr, 0, nullptr, 0},
};

std::size_t count(const char* name) {
    std::size_t value = 0;
    const char* const end = optarg + std::strlen(optarg);
    const auto [stopped, error] = std::from_chars(optarg, end, value);
    if (error != std::errc() || stopped != end || value == 0 || value > 10'000'000) {
        throw UsageError(std::string("--") + name + " wants a number from 1 to 10000000, not '" + optarg + "'");
    }
    return value;
}

void apply(int found, char** argv, Options& options) {
    switch (found) {
    case concurrency:
        options.concurrency = count("concurrency");
        break;
    case per_host:
        options.per_host = count("per-host");
        break;
    case pages:
        options.pages = count("pages");
        break;
    case timeout:
        options.timeout = std::chrono::seconds(count("timeout"));
        break;
    case no_robots:
        options.robots = false;
        break;
    case ca_file:
        options.ca_file = optarg;
        break;
    case report:
        options.report = optarg;
        break;
    case help:
        options.help = true;
        break;
    case ':':
        throw UsageError(std::string("'") + argv[optind - 1] + "' wants a value");
    default:
        throw UsageError(std::string("unknown or ambiguous option '") + argv[optind - 1] + "'");
    }
}

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    opterr = 0;  // this file prints the messages
    for (int found; (found = getopt_long(argc, argv, ":", known_options, nullptr)) != -1;) {
        apply(found, argv, options);
    }
    if (!options.help && optind + 1 != argc) {
        throw UsageError(optind == argc ? "which URL?" : "one URL only");
    }
    if (!options.help) {
        options.start = argv[optind];
    }
    return options;
}

}  // namespace crawler
