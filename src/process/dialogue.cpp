// SPDX-License-Identifier: MIT

#include "process/dialogue.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <tendril/process.hpp>

#include "base/on_exit.hpp"
#include "net/pipe_access.hpp"
#include "net/transfer.hpp"
#include "process/child_process.hpp"

namespace tendril::detail {

namespace {

[[noreturn]] void time_out_dialogue(pid_t child, TimedOut how) {
    time_out(how, [child] { return "communicate with process " + std::to_string(child); });
}

constexpr std::size_t least_read = 4096;
constexpr std::size_t most_read = 65536;  // the capacity of a pipe

// Wakes a waiter that waits for any of several descriptors.
struct Ear : Interest {
    Waiter*& waiter;
    Ear(Events kinds, Waiter*& w) noexcept
        : Interest(kinds,
                   [](Interest& self, Events) noexcept {
                       if (Waiter* waits = static_cast<Ear&>(self).waiter; waits != nullptr) {
                           waits->resolve(Outcome::signalled);
                       }
                   }),
          waiter(w) {}
};

// Waits for any of the three pipes of a child, for as long as this lives. Readiness from before is not notified again.
class AnyPipe {
public:
    AnyPipe() = default;
    AnyPipe(const AnyPipe&) = delete;
    AnyPipe& operator=(const AnyPipe&) = delete;
    ~AnyPipe() {
        for (Ear& ear : ears_) {
            here::descriptors().unwatch(ear);
        }
    }

    void listen_to(std::size_t i, int fd) {
        if (fd < 0) {
            return;
        }
        Ear& ear = ears_[i];
        if (const int r =
                ear.descriptor == nullptr ? here::descriptors().watch(fd, ear) : here::descriptors().keep_watching(ear);
            r < 0) {
            fail(r, "communicate");
        }
    }

    void wait(pid_t child, Deadline deadline, std::size_t done) {
        Waiter waiter("communicate");
        waiter_ = &waiter;
        const OnExit woken([this] { waiter_ = nullptr; });
        const KeepAlive awake;
        if (waiter.wait(deadline) == Outcome::timed_out) {
            time_out_dialogue(child, {.waited_ns = here::waited_ns(), .done = done});
        }
    }

private:
    Waiter* waiter_ = nullptr;
    std::array<Ear, 3> ears_{Ear(events::write, waiter_), Ear(events::read, waiter_), Ear(events::read, waiter_)};
};

// Occupies the waiters' places of the open pipes while communicate() yields or waits. So a call on one of the pipes in
// the meantime is refused, as if communicate() waited there, and takes none of its data.
class InUse {
public:
    InUse(const PipeWriter& to, const PipeReader& from_out, const PipeReader& from_err) {
        take(0, to, Direction::write);
        take(1, from_out, Direction::read);
        take(2, from_err, Direction::read);
    }

private:
    template <class End>
    void take(std::size_t i, const End& pipe, Direction direction) {
        if (pipe.is_open()) {
            Descriptor& d = PipeAccess::handle(pipe).use("a child's pipe");
            Descriptors::refuse_second(d, direction);
            places_[i].emplace(d.place(direction), "communicate");
        }
    }

    std::array<std::optional<Placed>, 3> places_;
};

// Returns: whether to try again before waiting: something was read, or the pipe is at its end.
bool drain(PipeReader& from, std::string& text, std::size_t most) {
    if (!from.is_open()) {
        return false;
    }
    Descriptor& d = PipeAccess::handle(from).use("a child's pipe");
    Descriptors::refuse_second(d, Direction::read);
    if (!d.readable) {
        return false;
    }
    const std::size_t before = text.size();
    if (before > most) {
        return false;
    }
    const std::size_t one_more = most - before < most_read ? most - before + 1 : most_read;
    const std::size_t asked = std::min(std::clamp(before, least_read, most_read), one_more);
    text.resize(before + asked);
    const ssize_t r = sys::read(d.fd, text.data() + before, asked);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(r, 0)));
    if (r == 0) {
        from.close();
    } else if (r > 0) {
        note_read(d, asked, r);
    } else if (r == -EAGAIN) {
        d.readable = false;
        return false;
    } else if (r != -EINTR) {
        fail(r, "communicate: reading the child's output");
    }
    return true;
}

}  // namespace

bool Dialogue::write_input(PipeWriter& to) {
    if (!to.is_open()) {
        return false;
    }
    Descriptor& d = PipeAccess::handle(to).use("a child's pipe");
    Descriptors::refuse_second(d, Direction::write);
    if (written < input.size()) {
        if (!d.writable) {
            return false;
        }
        const ssize_t r = sys::write_pipe(d.fd, input.data() + written, input.size() - written);
        if (r == -EAGAIN) {
            d.drained(Direction::write);
            return false;
        }
        if (r == -EINTR) {
            return true;
        }
        if (r < 0 && r != -EPIPE) {
            fail(r, "communicate: writing the child's input");
        }
        written = r < 0 ? input.size() : written + static_cast<std::size_t>(r);  // the child may stop reading
    }
    if (written == input.size()) {
        to.close();
    }
    return true;
}

void Dialogue::check_length() const {
    if (out.size() > most || err.size() > most) {
        throw OutputTooLong("communicate with process " + std::to_string(child) + ": its " +
                                (out.size() > most ? "stdout" : "stderr") + " has more than the " +
                                std::to_string(most) + " bytes of max_output",
                            {out.substr(0, most), err.substr(0, most)});
    }
}

void Dialogue::go_on(PipeWriter& to, PipeReader& from_out, PipeReader& from_err, Deadline deadline) {
    here::refuse_in_callback();
    check_length();
    AnyPipe any;
    while (to.is_open() || from_out.is_open() || from_err.is_open()) {
        if (here::spend_turn()) {
            const InUse in_use(to, from_out, from_err);
            here::yield();
        }
        const bool wrote = write_input(to);
        const bool heard_out = drain(from_out, out, most);
        const bool heard_err = drain(from_err, err, most);
        check_length();
        if (!wrote && !heard_out && !heard_err) {
            any.listen_to(0, to.fd());
            any.listen_to(1, from_out.fd());
            any.listen_to(2, from_err.fd());
            const InUse in_use(to, from_out, from_err);
            any.wait(child, deadline, out.size() + err.size());
        } else if (deadline.passed()) {
            time_out_dialogue(child, {.done = out.size() + err.size()});
        }
    }
}

void Dialogue::take_rest(PipeReader& from_out, PipeReader& from_err) {
    for (std::size_t i = 0; i <= most_read / least_read; ++i) {
        const bool heard_out = drain(from_out, out, most);
        if (!drain(from_err, err, most) && !heard_out) {
            return;
        }
    }
}

}  // namespace tendril::detail
