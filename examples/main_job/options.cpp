// SPDX-License-Identifier: MIT

#include "options.hpp"

#include <getopt.h>

#include <charconv>
#include <cstring>
#include <string_view>

namespace demo {

const char usage[] = "usage: tendril-demo [options]\n"
                     "\n"
                     "Serves small pages on loopback, opens many connections to them at once and fetches from all.\n"
                     "\n"
                     "  --connections N  how many connections (10000)\n"
                     "  --in-flight N    how many green threads fetch at the same time (500)\n"
                     "  --rounds N       how many requests on each connection (10)\n"
                     "  --serve [PORT]   only serve, with a live page for a browser, until Ctrl-C\n"
                     "  --address A      serve there: 127.0.0.1:8080, [::1]:8080 or unix:/tmp/demo\n"
                     "                   (with --serve 127.0.0.1:8080, else a free port of 127.0.0.1)\n"
                     "  --help           this text\n";

namespace {

enum Option { connections, in_flight, rounds, serve, address, help, report_to };

const option known_options[] = {
    {"connections", required_argument, nullptr, connections}, {"in-flight", required_argument, nullptr, in_flight},
    {"rounds", required_argument, nullptr, rounds},           {"serve", no_argument, nullptr, serve},
    {"address", required_argument, nullptr, address},         {"help", no_argument, nullptr, help},
    {"report-to", required_argument, nullptr, report_to},     {nullptr, 0, nullptr, 0},
};

constexpr std::size_t largest = 1'000'000;

std::size_t count(const char* name) {
    std::size_t value = 0;
    const char* const end = optarg + std::strlen(optarg);
    const auto [stopped, error] = std::from_chars(optarg, end, value);
    if (error != std::errc() || stopped != end || value == 0 || value > largest) {
        throw UsageError(std::string("--") + name + " wants a number from 1 to 1000000, not '" + optarg + "'");
    }
    return value;
}

void apply(int found, char** argv, Options& options) {
    switch (found) {
    case connections:
        options.connections = count("connections");
        break;
    case in_flight:
        options.in_flight = count("in-flight");
        break;
    case rounds:
        options.rounds = count("rounds");
        break;
    case serve:
        options.serve = true;
        break;
    case address:
        options.address = optarg;
        break;
    case help:
        options.help = true;
        break;
    case report_to:
        options.report_to = optarg;
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
    if (options.serve && options.address.empty() && optind + 1 == argc) {
        options.address = std::string("127.0.0.1:") + argv[optind++];
    }
    if (optind < argc) {
        throw UsageError(std::string("unexpected argument '") + argv[optind] + "'");
    }
    if (options.address.empty()) {
        options.address = options.serve ? "127.0.0.1:8080" : "127.0.0.1:0";
    }
    return options;
}

}  // namespace demo
