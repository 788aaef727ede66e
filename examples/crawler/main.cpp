// SPDX-License-Identifier: MIT
//
// tendril-crawler: a site's pages, their status, size, time and links, as lines of JSON.

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include <tendril/error.hpp>

#include "crawl.hpp"
#include "display.hpp"
#include "options.hpp"

namespace {

struct Close {
    void operator()(std::FILE* file) const noexcept {
        if (file != stdout) {
            std::fclose(file);
        }
    }
};
using File = std::unique_ptr<std::FILE, Close>;

File open_report(const std::string& name) {
    File file(name.empty() ? stdout : std::fopen(name.c_str(), "we"));
    if (file == nullptr) {
        throw std::runtime_error("cannot write to " + name);
    }
    return file;
}

int run(const crawler::Options& options) {
    const File file = open_report(options.report);
    crawler::Display display;
    bool interrupted = false;
    try {
        crawler::crawl(options, [&](const crawler::Page& page, const crawler::Progress& progress) {
            if (std::fprintf(file.get(), "%s\n", crawler::to_json(page).c_str()) < 0 || std::fflush(file.get()) != 0) {
                throw std::runtime_error("cannot write the report");
            }
            display.show(progress);
        });
    } catch (const tendril::KeyboardInterrupt&) {  // pages under way are abandoned
        interrupted = true;
    }
    display.end(interrupted);
    return interrupted ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const crawler::Options options = crawler::parse_options(argc, argv);
        if (options.help) {
            std::fputs(crawler::usage, stdout);
            return 0;
        }
        return run(options);
    } catch (const crawler::UsageError& error) {
        std::fprintf(stderr, "tendril-crawler: %s; --help lists the options\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tendril-crawler: %s\n", error.what());
        return 1;
    }
}
