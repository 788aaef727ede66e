// SPDX-License-Identifier: MIT

#include <tendril/async_result.hpp>

#include <tendril/error.hpp>

#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

void prepare_result(Record& record) {
    record.owner = here::owner();
}

void refuse_second_set() {
    throw std::logic_error(
        "an AsyncResult was set a second time; check ready() first, or make a new one for a new value");
}

void refuse_to_wait() {
    time_out({.waited_ns = 0}, "get_nowait() of an AsyncResult that is not set");
}

void refuse_null_error(const std::exception_ptr& error) {
    if (error == nullptr) {
        throw std::invalid_argument("set_exception() needs an exception; this one is null: use set() for a value");
    }
}

}  // namespace tendril::detail
