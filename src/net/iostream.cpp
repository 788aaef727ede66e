// SPDX-License-Identifier: MIT

#include <tendril/iostream.hpp>

namespace tendril {

StreamBuf::int_type StreamBuf::underflow() {
    if (source_ == nullptr) {
        return traits_type::eof();
    }
    const std::size_t n = source_->recv(in_);
    setg(in_.data(), in_.data(), in_.data() + n);
    return n == 0 ? traits_type::eof() : traits_type::to_int_type(in_[0]);
}

void StreamBuf::send_out() {
    const Bytes bytes(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(out_.data(), out_.data() + out_.size());  // first: after an exception the bytes must not be sent again
    if (!bytes.empty()) {
        sink_->send_all(bytes);
    }
}

StreamBuf::int_type StreamBuf::overflow(int_type c) {
    if (sink_ == nullptr) {
        return traits_type::eof();
    }
    send_out();
    return traits_type::eq_int_type(c, traits_type::eof()) ? traits_type::not_eof(c)
                                                           : sputc(traits_type::to_char_type(c));
}

int StreamBuf::sync() {
    if (sink_ != nullptr) {
        send_out();
    }
    return 0;
}

}  // namespace tendril
