// SPDX-License-Identifier: MIT

#include "amqp/work/progress_bar.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include "base/sys.hpp"
#include "base/sys_child.hpp"

namespace tendril::amqp::detail {

using namespace std::chrono_literals;

std::string progress_line(std::string_view name, const Progress& progress, std::chrono::seconds since,
                          std::size_t columns) {
    std::string counts = std::to_string(progress.ended);
    double share = 0;
    if (progress.total) {
        const auto total = static_cast<double>(*progress.total);
        const double done = static_cast<double>(progress.ended) + progress.parts;
        share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 1;
        // A whole 100 % only when all have ended.
        const int percent = progress.ended < *progress.total ? std::min(99, static_cast<int>(share * 100)) : 100;
        counts = std::to_string(percent) + " %  " + counts + "/" + std::to_string(*progress.total);
    }
    const std::string behind = "  " + counts + "  " + std::to_string(since.count()) + " s";
    std::string line(name);
    constexpr std::size_t frame = 4;  // "  [" and "]"
    constexpr std::size_t least = 10;
    constexpr std::size_t most = 40;
    if (progress.total && columns >= line.size() + behind.size() + frame + least) {
        const std::size_t room = std::min(columns - line.size() - behind.size() - frame, most);
        const auto full = static_cast<std::size_t>(share * static_cast<double>(room));
        line += "  [" + std::string(full, '#') + std::string(room - full, '-') + "]";
    }
    line += behind;
    return line.substr(0, columns);
}

struct ProgressBar::Drawing {
    explicit Drawing(int d, std::string n, std::function<Progress()> l)
        : fd(d), name(std::move(n)), look(std::move(l)) {}

    const int fd;
    const std::string name;
    const std::function<Progress()> look;
    const std::int64_t begun = Deadline::now_ns();
    Event over;

    void draw(std::string_view end) const noexcept {
        try {
            unsigned short columns = 0;
            unsigned short rows = 0;
            if (sys::terminal_size(fd, columns, rows) != 0 || columns == 0) {
                columns = 80;
            }
            const std::chrono::nanoseconds since(Deadline::now_ns() - begun);
            std::string text = "\r";
            // The last column stays free: some terminals begin a new line behind it.
            text += progress_line(name, look(), std::chrono::duration_cast<std::chrono::seconds>(since), columns - 1u);
            text += "\033[K";  // and nothing behind it
            text += end;
            pollfd room{fd, POLLOUT, 0};
            if (sys::poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0) {
                sys::write(fd, text.data(), text.size());
            }
        } catch (const std::exception&) {  // no memory: the next one may find some
        }
    }
};

std::unique_ptr<ProgressBar> ProgressBar::begin(int fd, std::string name, std::function<Progress()> look) {
    if (!sys::isatty(fd)) {
        return nullptr;
    }
    auto drawing = std::make_shared<Drawing>(fd, std::move(name), std::move(look));
    std::unique_ptr<ProgressBar> bar(new ProgressBar(drawing));
    spawn_n({.name = "a progress bar", .daemon = true}, [drawing] {
        while (!drawing->over.is_set()) {  // then there is nothing more to look at
            drawing->draw("");
            static_cast<void>(drawing->over.wait(100ms));
        }
    });
    return bar;
}

ProgressBar::ProgressBar(std::shared_ptr<Drawing> drawing) noexcept : drawing_(std::move(drawing)) {}

ProgressBar::~ProgressBar() {
    drawing_->draw("\n");
    drawing_->over.set();
}

}  // namespace tendril::amqp::detail
