// SPDX-License-Identifier: MIT

#include <tendril/patch/patch.hpp>

#include "patch/patches.hpp"

namespace tendril::patch {

namespace {

Classes chosen(const Options& options) noexcept {
    return options.classes - options.except;
}

}  // namespace

void library(std::string_view name, Options options) {
    detail::Patches::of_process().library(name, chosen(options), options.require);
}

void program(Options options) {
    detail::Patches::of_process().program(chosen(options), options.require);
}

void all(Options options) {
    detail::Patches::of_process().all(chosen(options), options.require);
}

void unpatch() {
    detail::Patches::of_process().unpatch();
}

}  // namespace tendril::patch
