"""Which columns of labels two others leave open: loops that end at the first rows that show it, plain or compiled."""

from typing import Any

__all__ = ["two_leave_open"]


def two_leave_open(codes: Any, sizes: Any, stamps: Any, labels: Any, may: Any) -> None:
    """Sets may[i, j, k], i < j, to False where two rows agree in i and j and not in k.

    Args:
        codes: p columns of n, negative where missing.
        sizes: Labels of each.
        stamps: Zeros, as many as two columns have combinations of labels; which columns met a combination last.
        labels: As many; what k had there.
        may: (p, p, p)
    """
    stamp = 0
    for i in range(len(codes)):
        for j in range(i + 1, len(codes)):
            first, second, size = codes[i], codes[j], sizes[j]
            for k in range(len(codes)):
                if k in (i, j):
                    continue
                stamp += 1
                third = codes[k]
                for row in range(len(third)):
                    label = third[row]
                    if label < 0 or first[row] < 0 or second[row] < 0:
                        continue
                    cell = first[row] * size + second[row]
                    if stamps[cell] != stamp:
                        stamps[cell] = stamp
                        labels[cell] = label
                    elif labels[cell] != label:
                        may[i, j, k] = False
                        break
