// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Curves over time, or over what marks say, as an SVG picture: one panel below the other, with a common legend. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace chi::sim {

struct Curve {
  std::string name;                               // the same names, in the same order, in each panel
  std::vector<std::pair<double, double>> points;  // seconds or what marks are of, from 0 on; value
};

struct Panel {
  std::string title;
  bool logarithmic = false;
  double least = 0;  // where the axis begins, unless it is logarithmic
  std::vector<Curve> curves;
};

using Marks = std::vector<std::pair<double, std::string>>;

// Values that an axis cannot show (below 0, not finite; 0 on a logarithmic one) are put at its lower end. Without marks
// the horizontal axis is of seconds.
std::string plot_svg(const std::string& title, const std::vector<Panel>& panels, const Marks& marks = {});

}  // namespace chi::sim
