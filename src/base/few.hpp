// SPDX-License-Identifier: MIT
//
// Few: lists the ids of green threads for a message, which stays short however many there are: "1, 2, 3 and 99 more".

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tendril::detail {

class Few {
public:
    static constexpr std::size_t most = 20;

    void add(std::uint64_t id) {
        if (count_++ < most) {
            text_ += (text_.empty() ? "" : ", ") + std::to_string(id);
        }
    }
    std::string text() const {
        return count_ <= most ? text_ : text_ + " and " + std::to_string(count_ - most) + " more";
    }

private:
    std::string text_;
    std::size_t count_ = 0;
};

}  // namespace tendril::detail
