// SPDX-License-Identifier: MIT
//
// tendril-demo, which `make run` starts: one OS thread serves pages on thousands of connections and fetches them.

#include <cstdio>
#include <exception>

#include "modes.hpp"
#include "options.hpp"
#include "second_process.hpp"

int main(int argc, char** argv) {
    try {
        const demo::Options options = demo::parse_options(argc, argv);
        if (options.help) {
            std::fputs(demo::usage, stdout);
        } else if (!options.report_to.empty()) {
            demo::run_as_second_process(
                {tendril::Address::parse(options.address), options.connections, options.in_flight, options.rounds},
                options.report_to);
        } else {
            return options.serve ? demo::serve_until_signal(options) : demo::hold_and_fetch(options);
        }
        return 0;
    } catch (const demo::UsageError& error) {
        std::fprintf(stderr, "tendril-demo: %s; --help lists the options\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tendril-demo: %s\n", error.what());
        return 1;
    }
}
