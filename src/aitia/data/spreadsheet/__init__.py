"""Tables as people write them: what a file means is taken from what stands in it, told in a line each, and asked for
where it can be read in two ways.

options    how to read, where the file does not say it
text       bytes to text: marks, codecs
layout     separator, title lines, the header, trailing separators, rows that do not fit, totals
tokens     the distinct cells of a column
numbers    decimal marks, thousands, percent, currencies
dates      days, months, quarters and times in any common form
words      labels and truth values in several spellings, marks for what is missing
sentinels  numbers that stand for what is missing
columns    what a column is, of all these
reading    the whole file
"""

from aitia.data.spreadsheet.options import Reading
from aitia.data.spreadsheet.reading import Sheet, read_rows, read_text

__all__ = ["Reading", "Sheet", "read_rows", "read_text"]
