// MATLAB's fminsearch: the simplex method as Lagarias, Reeds, Wright and Wright describe it (SIAM J. Optim. 1998).
// The order of every addition is MATLAB's, as the path may hang on a last bit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace syndr {

using Point = std::vector<double>;

struct SearchSettings {
    double point_tolerance, value_tolerance;
    std::size_t most_steps;  // of evaluations, and of iterations
};

template <class Function>
class NelderMead {
public:
    NelderMead(Function f, SearchSettings settings) : f_(f), settings_(settings) {}

    // From a start without zeros: the other vertices are 5% away from it along one axis each.
    Point minimise(const Point& start) {
        const std::size_t n = start.size();
        simplex_.assign(n + 1, vertex(start));
        for (std::size_t axis = 0; axis < n; ++axis) {
            Point point = start;
            point[axis] *= 1.05;
            simplex_[axis + 1] = vertex(point);
        }
        sort();
        for (std::size_t iteration = 1; evaluations_ < settings_.most_steps && iteration < settings_.most_steps; ++iteration) {
            if (converged()) break;
            step();
            sort();
        }
        return simplex_[0].point;
    }

private:
    struct Vertex {
        double value;
        Point point;
    };

    Vertex vertex(const Point& point) {
        ++evaluations_;
        return {f_(point), point};
    }

    void sort() {
        std::stable_sort(simplex_.begin(), simplex_.end(),
                         [](const Vertex& a, const Vertex& b) { return a.value < b.value; });
    }

    bool converged() const {
        const Vertex& best = simplex_[0];
        return std::all_of(simplex_.begin() + 1, simplex_.end(), [&](const Vertex& other) {
            if (!(std::abs(best.value - other.value) <= settings_.value_tolerance)) return false;  // infinities too
            for (std::size_t i = 0; i < best.point.size(); ++i)
                if (std::abs(other.point[i] - best.point[i]) > settings_.point_tolerance) return false;
            return true;
        });
    }

    void step() {
        const Vertex &best = simplex_[0], &worst = simplex_.back();
        const Point mean = mean_of_all_but_worst();
        const auto towards = [&](double amount) {  // 0 is the mean, -1 the worst vertex
            Point point(mean.size());
            for (std::size_t i = 0; i < mean.size(); ++i) point[i] = (1 + amount) * mean[i] - amount * worst.point[i];
            return vertex(point);
        };
        Vertex next = towards(1);
        if (next.value < best.value) {
            Vertex expanded = towards(2);
            if (expanded.value < next.value) next = std::move(expanded);
        } else if (next.value >= simplex_[simplex_.size() - 2].value) {
            const bool outside = next.value < worst.value;
            const double reflected = next.value;
            next = towards(outside ? 0.5 : -0.5);
            if (outside ? next.value > reflected : next.value >= worst.value) return shrink();
        }
        simplex_.back() = std::move(next);
    }

    Point mean_of_all_but_worst() const {
        const std::size_t n = simplex_.size() - 1;
        Point mean(n, 0.0);
        for (std::size_t v = 0; v < n; ++v)
            for (std::size_t i = 0; i < n; ++i) mean[i] += simplex_[v].point[i];
        for (double& x : mean) x /= double(n);
        return mean;
    }

    void shrink() {
        const Point& best = simplex_[0].point;
        for (std::size_t v = 1; v < simplex_.size(); ++v) {
            Point point(best.size());
            for (std::size_t i = 0; i < best.size(); ++i) point[i] = best[i] + 0.5 * (simplex_[v].point[i] - best[i]);
            simplex_[v] = vertex(point);
        }
    }

    Function f_;
    SearchSettings settings_;
    std::vector<Vertex> simplex_;
    std::size_t evaluations_ = 0;
};

}  // namespace syndr
