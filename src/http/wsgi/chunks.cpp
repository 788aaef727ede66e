// SPDX-License-Identifier: MIT

#include <tendril/http/wsgi_chunks.hpp>

#include <cxxabi.h>

#include <exception>
#include <stdexcept>

#include <tendril/error.hpp>
#include <tendril/file.hpp>
#include <tendril/shield.hpp>

#include "base/report.hpp"

namespace tendril::http::wsgi {

namespace {

class WholeProducer final : public detail::Producer {
public:
    explicit WholeProducer(std::string whole) noexcept : whole_(std::move(whole)) {}
    std::optional<std::string_view> next() override {
        return std::exchange(done_, true) ? std::nullopt : std::optional<std::string_view>(whole_);
    }
    std::optional<std::size_t> size() const override { return 1; }

private:
    std::string whole_;
    bool done_ = false;
};

class FileProducer final : public detail::Producer {
public:
    FileProducer(File file, std::size_t block_size) : file_(std::move(file)), block_size_(block_size) {}
    std::optional<std::string_view> next() override {
        block_.resize(block_size_);
        const std::size_t n = file_.recv(block_);
        return n == 0 ? std::nullopt : std::optional(std::string_view(block_).substr(0, n));
    }
    File* file() noexcept override { return &file_; }

private:
    File file_;
    std::size_t block_size_;
    std::string block_;
};

}  // namespace

Chunks::Chunks(std::string whole) : producer_(std::make_unique<WholeProducer>(std::move(whole))) {}

Chunks& Chunks::operator=(Chunks&& other) noexcept {
    if (this != &other) {
        Chunks old(std::move(*this));
        producer_ = std::move(other.producer_);
        closers_ = std::exchange(other.closers_, {});
    }
    return *this;
}

// A kill that comes while a hook waits is thrown at the next wait after the Shield: it has no way out of a destructor.
Chunks::~Chunks() {
    if (closers_.empty()) {
        return;
    }
    const Shield shield;
    try {
        close();
    } catch (...) {
        tendril::detail::report("the close of a WSGI application's chunks", std::current_exception());
    }
}

Chunks& Chunks::on_close(std::function<void()> hook) & {
    closers_.push_back(std::move(hook));
    return *this;
}

std::optional<std::string_view> Chunks::next() {
    return producer_ != nullptr ? producer_->next() : std::nullopt;
}

std::optional<std::size_t> Chunks::size() const {
    return producer_ != nullptr ? producer_->size() : std::optional<std::size_t>(0);
}

File* Chunks::file() noexcept {
    return producer_ != nullptr ? producer_->file() : nullptr;
}

void Chunks::close() {
    std::exception_ptr kill;
    std::exception_ptr first;
    while (!closers_.empty()) {
        const std::function<void()> hook = std::move(closers_.back());
        closers_.pop_back();
        try {
            hook();
        } catch (const Interrupt&) {
            kill = kill != nullptr ? kill : std::current_exception();
        } catch (const abi::__forced_unwind&) {  // the OS thread is cancelled; the destructor goes on
            throw;
        } catch (...) {
            first = first != nullptr ? first : std::current_exception();
        }
    }
    producer_.reset();
    if (kill != nullptr) {
        std::rethrow_exception(kill);
    }
    if (first != nullptr) {
        std::rethrow_exception(first);
    }
}

Chunks file_wrapper(File file, std::size_t block_size) {
    if (block_size == 0) {
        throw std::invalid_argument("file_wrapper() with blocks of 0 bytes would never end");
    }
    return Chunks(std::make_unique<FileProducer>(std::move(file), block_size));
}

}  // namespace tendril::http::wsgi
