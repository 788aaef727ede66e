// SPDX-License-Identifier: MIT

#include <tendril/http/response.hpp>

#include <utility>

#include "http/server/response_writer.hpp"

namespace tendril::http {

Response& Response::status(int status, std::string_view reason) {
    writer_.status(status, reason);
    return *this;
}
int Response::status() const noexcept {
    return writer_.status();
}
Headers& Response::headers() {
    return writer_.headers();
}
void Response::send(Bytes body, std::string_view type) {
    writer_.send_whole(body, type);
}
void Response::send_file(const File& file, std::uint64_t offset, std::uint64_t count, std::string_view type) {
    writer_.send_whole_file(file, offset, count, type);
}
void Response::write(Bytes piece) {
    writer_.write(piece);
}
void Response::write_file(const File& file, std::uint64_t offset, std::uint64_t count) {
    writer_.write_file(file, offset, count);
}
void Response::coalesce(std::size_t least) noexcept {
    writer_.coalesce(least);
}
void Response::flush() {
    writer_.flush();
}
void Response::end(const Headers& trailers) {
    writer_.end(&trailers);
}
Sink& Response::sink() noexcept {
    return writer_;
}
void Response::send_interim(int status, const Headers& headers) {
    writer_.send_interim(status, headers);
}
std::unique_ptr<Stream> Response::upgrade(std::string_view protocol) {
    return writer_.upgrade(protocol);
}
void Response::on_complete(std::function<void(bool sent)> hook) {
    writer_.on_complete(std::move(hook));
}
bool Response::has_begun() const noexcept {
    return writer_.has_begun();
}
std::uint64_t Response::body_size() const noexcept {
    return writer_.body_size();
}

}  // namespace tendril::http
