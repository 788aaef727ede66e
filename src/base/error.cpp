// SPDX-License-Identifier: MIT
//
// The texts and virtual tables of <tendril/error.hpp>.

#include <tendril/error.hpp>

#include <utility>

#include "base/timed_out.hpp"

namespace tendril {

Interrupt::~Interrupt() = default;

const char* GreenletExit::what() const noexcept {
    return "this green thread was killed";
}

const char* KeyboardInterrupt::what() const noexcept {
    return "interrupted by SIGINT";
}

detail::TimeoutText::~TimeoutText() = default;

namespace {

std::error_code timed_out() noexcept {
    return std::make_error_code(std::errc::timed_out);
}

template <class Make>
std::shared_ptr<const detail::TimeoutText> late(Make make) {
    return std::make_shared<const detail::LateTimeoutText<Make>>(std::move(make));
}

}  // namespace

TimeoutError::TimeoutError(std::string doing, std::size_t done)
    : TimeoutError(late([doing = std::move(doing), done] { return detail::timeout_text_of(doing, {.done = done}); }),
                   done) {}

TimeoutError::TimeoutError(std::string doing, const TimeoutError& inner, std::size_t done)
    : TimeoutError(late([doing = std::move(doing), text = inner.text_, more = done != inner.done_ ? done : 0] {
                       return doing + (more > 0 ? ", " + std::to_string(more) + " bytes done: " : ": ") + text->get();
                   }),
                   done) {}

TimeoutError::TimeoutError(const TimeoutError& other, std::size_t done)
    : std::system_error(other), done_(done), text_(other.text_) {}

TimeoutError::TimeoutError(std::shared_ptr<const detail::TimeoutText> text, std::size_t done)
    : std::system_error(timed_out()), done_(done), text_(std::move(text)) {}

WrongThread::WrongThread(const char* object, std::uint64_t owner, std::uint64_t caller)
    : std::logic_error(std::string(object) + " belongs to OS thread " + std::to_string(owner) +
                       ", which used it first, but was used from OS thread " + std::to_string(caller) +
                       " (0: a thread without a hub); between OS threads use SharedQueue, SharedEvent, "
                       "SharedSemaphore, offload() or an Async") {}

}  // namespace tendril
