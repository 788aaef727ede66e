// SPDX-License-Identifier: MIT
//
// The texts and virtual tables of <tendril/error.hpp>.

#include <tendril/error.hpp>

namespace tendril {

Interrupt::~Interrupt() = default;

const char* GreenletExit::what() const noexcept {
    return "this green thread was killed";
}

const char* KeyboardInterrupt::what() const noexcept {
    return "interrupted by SIGINT";
}

TimeoutError::TimeoutError(const std::string& doing, std::size_t done)
    : std::system_error(std::make_error_code(std::errc::timed_out)), done_(done),
      text_(std::make_shared<const std::string>(doing + ": the deadline passed" +
                                                (done > 0 ? ", after " + std::to_string(done) + " bytes" : ""))) {}

WrongThread::WrongThread(const char* object, std::uint64_t owner, std::uint64_t caller)
    : std::logic_error(std::string(object) + " belongs to OS thread " + std::to_string(owner) +
                       ", which used it first, but was used from OS thread " + std::to_string(caller) +
                       " (0: a thread without a hub); between OS threads use SharedQueue, SharedEvent, "
                       "SharedSemaphore, offload() or an Async") {}

}  // namespace tendril
