// SPDX-License-Identifier: MIT
//
// Posted: a function on its way into a hub (Hub::Remote). Users never name it.

#pragma once

#include <utility>

namespace tendril::detail {

class Posted {
public:
    Posted() = default;
    Posted(const Posted&) = delete;
    Posted& operator=(const Posted&) = delete;
    virtual ~Posted() = default;
    virtual void call() = 0;
};

template <class F>
class PostedCall final : public Posted {
public:
    explicit PostedCall(F f) : function_(std::move(f)) {}
    void call() override { function_(); }

private:
    F function_;
};

}  // namespace tendril::detail
