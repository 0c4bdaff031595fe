// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements plot.h.
#include "sim/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace chi::sim {

namespace {

constexpr double kWidth = 860;
constexpr double kLeft = 64;
constexpr double kRight = 20;
constexpr double kTop = 64;
constexpr double kPanel = 190;
constexpr double kGap = 56;
// Told apart by those who see colours in another way, too (Okabe and Ito).
constexpr std::array<const char*, 6> kColours = {"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string label(double x, double y, std::string_view anchor, std::string_view text, int size = 12) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, size,
                     anchor, escaped(text));
}

std::string line(double x1, double y1, double x2, double y2, const char* colour) {
  return fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"{}\" fill=\"none\"/>\n", x1, y1, x2, y2,
                     colour);
}

// 1, 2 or 5 times a power of ten, so that there are at most `most` steps up to `range`.
double step_of(double range, double most) {
  const double raw = range / most;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

// A value's place: 0 at the lower end of the axis, 1 at the upper one.
struct Axis {
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  std::vector<double> ticks;

  double at(double value) const {
    if (!std::isfinite(value) || value <= low) return 0;
    if (logarithmic) return std::log(value / low) / std::log(high / low);
    return (value - low) / (high - low);
  }
};

Axis linear_axis(double low, double high) {
  Axis out{.low = low, .high = std::max(high, low + 1e-9)};
  const double step = step_of(out.high - low, 5);
  out.high = low + std::ceil((out.high - low) / step - 1e-9) * step;
  for (double tick = low; tick <= out.high + step / 2; tick += step) out.ticks.push_back(tick);
  return out;
}

Axis logarithmic_axis(double low, double high) {
  Axis out{.low = std::pow(10, std::floor(std::log10(low))),
           .high = std::pow(10, std::ceil(std::log10(high))),
           .logarithmic = true};
  if (out.high <= out.low) out.high = out.low * 10;
  for (double tick = out.low; tick <= out.high * 1.01; tick *= 10) out.ticks.push_back(tick);
  return out;
}

Axis axis_of(const Panel& panel) {
  double low = 0;
  double high = 0;
  for (const Curve& curve : panel.curves) {
    for (const auto& [x, y] : curve.points) {
      if (!std::isfinite(y) || y <= 0) continue;
      low = low == 0 ? y : std::min(low, y);
      high = std::max(high, y);
    }
  }
  if (!panel.logarithmic) return linear_axis(panel.least, high);
  return low == 0 ? logarithmic_axis(0.1, 1) : logarithmic_axis(low, high);
}

struct Horizontal {
  Axis axis;
  Marks marks;
};

Horizontal horizontal(const std::vector<Panel>& panels, const Marks& marks) {
  double high = 0;
  for (const Panel& panel : panels) {
    for (const Curve& curve : panel.curves) {
      for (const auto& [x, y] : curve.points) high = std::max(high, x);
    }
  }
  Horizontal out{linear_axis(0, high), marks};
  out.axis.high = std::max(high, 1e-9);
  if (!marks.empty()) return out;
  for (const double tick : out.axis.ticks) {
    if (tick <= out.axis.high * (1 + 1e-9)) out.marks.emplace_back(tick, fmt::format("{:.6g} s", tick));
  }
  return out;
}

double x_of(const Axis& axis, double value) { return kLeft + (kWidth - kLeft - kRight) * axis.at(value); }

std::string draw(const Panel& panel, const Horizontal& across, double top) {
  const Axis axis = axis_of(panel);
  const double bottom = top + kPanel;
  std::string out = label(kLeft, top - 8, "start", panel.title, 13);
  for (const double tick : axis.ticks) {
    const double y = bottom - kPanel * axis.at(tick);
    out += line(kLeft, y, kWidth - kRight, y, "#dddddd") + label(kLeft - 6, y + 4, "end", fmt::format("{:.6g}", tick));
  }
  for (const auto& [value, text] : across.marks) {
    const double x = x_of(across.axis, value);
    out += line(x, bottom, x, bottom + 4, "#888888") + label(x, bottom + 18, "middle", text);
  }
  out += line(kLeft, bottom, kWidth - kRight, bottom, "#888888");
  for (std::size_t i = 0; i < panel.curves.size(); ++i) {
    std::string points;
    for (const auto& [x, y] : panel.curves[i].points) {
      points += fmt::format("{:.1f},{:.1f} ", x_of(across.axis, x), bottom - kPanel * std::min(1.0, axis.at(y)));
    }
    out += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", points,
                       kColours[i % kColours.size()]);
  }
  return out;
}

std::string legend(const std::vector<Panel>& panels) {
  if (panels.empty()) return {};
  std::string out;
  double x = kLeft;
  for (std::size_t i = 0; i < panels.front().curves.size(); ++i) {
    const std::string& name = panels.front().curves[i].name;
    out += fmt::format("<rect x=\"{:.1f}\" y=\"30\" width=\"18\" height=\"4\" fill=\"{}\"/>\n", x,
                       kColours[i % kColours.size()]) +
           label(x + 24, 37, "start", name);
    x += 48 + 7.2 * static_cast<double>(name.size());
  }
  return out;
}

}  // namespace

std::string plot_svg(const std::string& title, const std::vector<Panel>& panels, const Marks& marks) {
  const double height = kTop + static_cast<double>(panels.size()) * (kPanel + kGap) - 16;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" fill=\"#222222\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth, height);
  out += label(kLeft, 20, "start", title, 14) + legend(panels);
  const Horizontal across = horizontal(panels, marks);
  double top = kTop + 6;
  for (const Panel& panel : panels) {
    out += draw(panel, across, top);
    top += kPanel + kGap;
  }
  return out + "</svg>\n";
}

}  // namespace chi::sim
