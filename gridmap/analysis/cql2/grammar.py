"""CQL2 text as a grammar for lark's LALR parser: linear in the length of the text, whatever it says.

Source: annex B of OGC 21-065r2. Operators of arrays and user-defined functions are left out.
"""

GRAMMAR = r"""
start: either

?either: both (_OR both)*                                      -> or_
?both: negated (_AND negated)*                                 -> and_
?negated: _NOT negated                                         -> not_
     | test

?test: sum _EQ sum                                             -> eq
      | sum _NE sum                                            -> ne
      | sum _LT sum                                            -> lt
      | sum _GT sum                                            -> gt
      | sum _LE sum                                            -> le
      | sum _GE sum                                            -> ge
      | sum _LIKE sum                                          -> like
      | sum _NOT _LIKE sum                                     -> not_like
      | sum _BETWEEN sum _AND sum                              -> between
      | sum _NOT _BETWEEN sum _AND sum                         -> not_between
      | sum _IN "(" sum ("," sum)* ")"                         -> in_
      | sum _NOT _IN "(" sum ("," sum)* ")"                    -> not_in
      | sum _IS _NULL                                          -> null
      | sum _IS _NOT _NULL                                     -> not_null
      | sum

?sum: product
    | sum "+" product                                          -> plus
    | sum "-" product                                          -> minus
?product: power
    | product "*" power                                        -> times
    | product "/" power                                        -> over
    | product "%" power                                        -> modulo
    | product _DIV power                                       -> div
?power: atom
    | atom "^" power                                           -> power

?atom: "(" either ")"
     | "-" atom                                                -> negative
     | NUMBER                                                  -> number
     | TEXT                                                    -> text
     | TRUE                                                    -> true
     | FALSE                                                   -> false
     | DATE "(" TEXT ")"                                       -> date
     | TIMESTAMP "(" TEXT ")"                                  -> timestamp
     | INTERVAL "(" moment "," moment ")"                      -> interval
     | BBOX "(" signed ("," signed)* ")"                       -> bbox
     | shape
     | NAME "(" either ("," either)* ")"                       -> call
     | NAME                                                    -> name
     | QUOTED                                                  -> quoted

?moment: TEXT                                                  -> text
       | DATE "(" TEXT ")"                                     -> date
       | TIMESTAMP "(" TEXT ")"                                -> timestamp
       | NAME                                                  -> name

signed: SIGN? NUMBER
SIGN: "+" | "-"

?shape: POINT Z? point_text                                    -> point
      | LINESTRING Z? line_text                                -> line_string
      | POLYGON Z? polygon_text                                -> polygon
      | MULTIPOINT Z? "(" member_point ("," member_point)* ")" -> multi_point
      | MULTILINESTRING Z? "(" line_text ("," line_text)* ")"  -> multi_line_string
      | MULTIPOLYGON Z? "(" polygon_text ("," polygon_text)* ")" -> multi_polygon
      | GEOMETRYCOLLECTION Z? "(" shape ("," shape)* ")"       -> collection
point_text: "(" position ")"
?member_point: position | "(" position ")"
line_text: "(" position ("," position)* ")"
polygon_text: "(" line_text ("," line_text)* ")"
position: signed signed signed?

_AND.9: /AND(?![\w:.])/i
_OR.9: /OR(?![\w:.])/i
_NOT.9: /NOT(?![\w:.])/i
_LIKE.9: /LIKE(?![\w:.])/i
_BETWEEN.9: /BETWEEN(?![\w:.])/i
_IN.9: /IN(?![\w:.])/i
_IS.9: /IS(?![\w:.])/i
_NULL.9: /NULL(?![\w:.])/i
_DIV.9: /DIV(?![\w:.])/i
TRUE.9: /TRUE(?![\w:.])/i
FALSE.9: /FALSE(?![\w:.])/i
DATE.9: /DATE(?=\s*\()/i
TIMESTAMP.9: /TIMESTAMP(?=\s*\()/i
INTERVAL.9: /INTERVAL(?=\s*\()/i
BBOX.9: /BBOX(?=\s*\()/i
Z.9: /Z(?=\s*\()/i
POINT.9: /POINT(?=\s*(?:Z\s*)?\()/i
LINESTRING.9: /LINESTRING(?=\s*(?:Z\s*)?\()/i
POLYGON.9: /POLYGON(?=\s*(?:Z\s*)?\()/i
MULTIPOINT.9: /MULTIPOINT(?=\s*(?:Z\s*)?\()/i
MULTILINESTRING.9: /MULTILINESTRING(?=\s*(?:Z\s*)?\()/i
MULTIPOLYGON.9: /MULTIPOLYGON(?=\s*(?:Z\s*)?\()/i
GEOMETRYCOLLECTION.9: /GEOMETRYCOLLECTION(?=\s*(?:Z\s*)?\()/i

_NE.2: "<>"
_LE.2: "<="
_GE.2: ">="
_EQ: "="
_LT: "<"
_GT: ">"
NUMBER.3: /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?(?![\w.])/
TEXT: /'(?:[^']|'')*'/
QUOTED: /"(?:[^"]|"")+"/
NAME: /[^\W\d][\w:.]*/
%ignore /[ \t\r\n\f]+/
"""
