// SPDX-License-Identifier: MIT
//
// The program `tendril-worker`: amqp::worker_main() for the tasks of shared libraries (TENDRIL_TASKS in
// tendril/amqp/worker.hpp). They find tendril's functions in this program, which exports all of them.

#include <dlfcn.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/amqp/worker.hpp>

namespace {

using Tasks = std::vector<tendril::amqp::AnyTask>;

// Stays loaded to the end. Throws: std::runtime_error.
void load(const std::string& file, Tasks& tasks) {
    void* const library = ::dlopen(file.c_str(), RTLD_NOW);
    if (library == nullptr) {
        throw std::runtime_error(::dlerror());
    }
    void* const found = ::dlsym(library, "tendril_worker_tasks");
    if (found == nullptr) {
        throw std::runtime_error(file + ": it has no TENDRIL_TASKS(...)");
    }
    reinterpret_cast<void (*)(Tasks&)>(found)(tasks);
}

}  // namespace

int main(int argc, char** argv) {
    Tasks tasks;
    std::vector<char*> rest{argv[0]};
    try {
        for (int i = 1; i < argc; ++i) {
            const std::string_view argument = argv[i];
            if (argument == "--load" && i + 1 < argc) {
                load(argv[++i], tasks);
            } else if (argument.starts_with("--load=")) {
                load(std::string(argument.substr(7)), tasks);
            } else {
                if (argument == "--help" || argument == "-h") {
                    std::fputs("  --load FILE     a shared library with tasks; may be given several times\n\n", stdout);
                }
                rest.push_back(argv[i]);
            }
        }
    } catch (const std::runtime_error& e) {
        std::fprintf(stderr, "%s: --load: %s\n", argv[0], e.what());
        return 2;
    }
    return tendril::amqp::worker_main(static_cast<int>(rest.size()), rest.data(), tasks);
}
