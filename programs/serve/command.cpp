// SPDX-License-Identifier: MIT

#include "serve/command.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace tendril::serve {

namespace {

namespace fs = std::filesystem;

// The package that was built or installed with this program; none: the interpreter looks where it looks for all.
fs::path package_beside() {
    std::error_code error;
    const fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
    const auto has_it = [&](const fs::path& folder) { return fs::exists(folder / "tendril" / "__main__.py", error); };
    if (has_it(prefix / "python")) {  // a build folder
        return prefix / "python";
    }
    for (const fs::path& version : fs::directory_iterator(prefix / "lib", error)) {
        for (const char* const packages : {"dist-packages", "site-packages"}) {
            if (version.filename().string().starts_with("python3") && has_it(version / packages)) {
                return version / packages;
            }
        }
    }
    return {};
}

void add_package_beside() {
    const fs::path package = package_beside();
    if (package.empty()) {
        return;
    }
    const char* const before = std::getenv("PYTHONPATH");
    const std::string paths =
        package.string() + (before != nullptr && *before != '\0' ? ":" + std::string(before) : "");
    ::setenv("PYTHONPATH", paths.c_str(), 1);
}

}  // namespace

int command(const std::vector<std::string>& arguments) {
    const char* const named = std::getenv("TENDRIL_PYTHON");
    const std::string python = named != nullptr && *named != '\0' ? named : TENDRIL_PYTHON_DEFAULT;
    add_package_beside();
    std::vector<std::string> words{python, "-m", "tendril", "serve"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& each : words) {
        pointers.push_back(each.data());
    }
    pointers.push_back(nullptr);
    ::execvp(python.c_str(), pointers.data());
    const int status = errno == ENOENT ? 127 : 126;
    std::fprintf(stderr, "tendril serve: %s: %s\n", python.c_str(), std::strerror(errno));
    return status;
}

}  // namespace tendril::serve
