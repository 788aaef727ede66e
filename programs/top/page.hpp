// SPDX-License-Identifier: MIT
//
// Page: what `tendril top` shows, as lines, and what keys do to it. Knows no terminal and no clock.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "top/keys.hpp"
#include "top/sample.hpp"

namespace tendril::top {

enum class Style : std::uint8_t { plain, title, head, selected, dim, alarm };

struct Line {
    std::string text;
    Style style = Style::plain;
};

struct PageOptions {
    std::string order = "waited";
    bool reverse = false;
    std::string filter;
};

class Page {
public:
    explicit Page(const PageOptions& options)
        : order_(options.order), reverse_(options.reverse), filter_(options.filter) {}

    // What to ask the process for.
    std::string query() const;

    void take(Sample sample);
    void fail(const std::string& why) { error_ = why; }

    enum class Asks : std::uint8_t { nothing, sample, end };
    Asks press(const Key& key);

    std::vector<Line> lines(std::size_t columns, std::size_t rows);

    const std::optional<Sample>& sample() const noexcept { return sample_; }

private:
    enum class Tab : std::uint8_t { greenlets, groups, descriptors, watchers, metrics };
    struct Row {
        std::string text;
        std::uint64_t greenlet = 0;  // what Enter shows
        std::string place;           // ... or filters by
    };
    struct Table {
        std::string head;
        std::vector<Row> rows;
    };

    Asks press_character(char c);
    Asks edit_filter(const Key& key);
    Asks open_selected();
    void move(std::ptrdiff_t by);
    Table table(std::size_t columns) const;
    Table greenlet_table(std::size_t columns) const;
    Table group_table(std::size_t columns) const;
    Table descriptor_table(std::size_t columns) const;
    Table watcher_table(std::size_t columns) const;
    Table metric_table(std::size_t columns) const;
    void add_heads(std::vector<Line>& out, std::size_t columns) const;
    void add_backtrace(std::vector<Line>& out) const;
    std::string footer() const;

    std::optional<Sample> sample_;
    std::string error_;
    Tab tab_ = Tab::greenlets;
    std::string order_;
    bool reverse_;
    std::string filter_;
    std::optional<std::string> edited_;  // the filter, while it is typed
    std::uint64_t opened_ = 0;           // the green thread whose backtrace is shown; 0: none
    bool paused_ = false;
    bool help_ = false;
    std::size_t selected_ = 0;
    std::size_t first_ = 0;  // the uppermost row that is shown
    std::size_t height_ = 10;
    Table shown_;
};

}  // namespace tendril::top
