// SPDX-License-Identifier: MIT
//
// A bar on a terminal that says how far the tasks of an imap are. Elsewhere it is silent.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tendril::amqp::detail {

struct Progress {
    std::size_t ended = 0;             // tasks
    double parts = 0;                  // of those that run, as they say themselves
    std::optional<std::size_t> total;  // nothing: nobody knows
};

// One line, as wide as that at most: "pages  [######----]  60 %  6/10  12 s". Pure.
std::string progress_line(std::string_view name, const Progress& progress, std::chrono::seconds since,
                          std::size_t columns);

class ProgressBar {
public:
    // Draws what look() says, ten times a second and at its end, until it is destroyed; in a green thread of its own,
    // whose waits keep no hub waiting. Returns: null if `fd` is no terminal. A terminal that takes nothing, as after
    // Ctrl-S, is left alone. Throws: as spawn().
    static std::unique_ptr<ProgressBar> begin(int fd, std::string name, std::function<Progress()> look);

    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();

private:
    struct Drawing;
    explicit ProgressBar(std::shared_ptr<Drawing> drawing) noexcept;
    std::shared_ptr<Drawing> drawing_;  // the green thread's too
};

}  // namespace tendril::amqp::detail
