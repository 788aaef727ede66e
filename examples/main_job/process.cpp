// SPDX-License-Identifier: MIT

#include "process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <tendril/hub.hpp>

namespace demo {

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        throw std::system_error(errno, std::generic_category(), "getrlimit");
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        throw std::system_error(errno, std::generic_category(), "setrlimit");
    }
    const std::filesystem::directory_iterator open_ones("/proc/self/fd");
    const auto used = static_cast<std::size_t>(std::distance(begin(open_ones), end(open_ones)));
    return limit.rlim_cur - std::min<std::size_t>(used, limit.rlim_cur);
}

std::size_t resident_memory() {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;) {
        if (std::size_t kib = 0; word == "VmRSS:" && file >> kib) {
            return kib * 1024;
        }
    }
    return 0;
}

void Footprint::sample() {
    const std::size_t greenlets = tendril::Hub::current().stats().greenlets;
    if (greenlets >= greenlets_) {
        const std::size_t now = resident_memory();
        greenlets_ = greenlets;
        grown_ = now - std::min(before_, now);
    }
}

double Footprint::kib_each() const {
    return greenlets_ == 0 ? 0 : static_cast<double>(grown_) / 1024 / static_cast<double>(greenlets_);
}

}  // namespace demo
