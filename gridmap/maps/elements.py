"""The parts folium builds our pages from: a lean map, layers drawn by our own script, and an inert block of data."""

from functools import cache
from importlib import resources
from typing import Any

import folium
from branca.element import Element, Figure
from folium.map import Layer
from folium.template import Template

from gridmap.i18n import Language
from gridmap.maps.safe import encode_json, encode_text

LEAFLET_JS = ("leaflet", "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js")
LEAFLET_CSS = ("leaflet_css", "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css")


@cache
def _assets(suffix: str) -> str:
    """Read our own script or style sheet: all files of that kind, in the order of their names."""
    folder = resources.files("gridmap.maps") / "assets"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(suffix)), key=lambda f: f.name)
    return "\n".join(f.read_text(encoding="utf-8") for f in files)


class Block(Element):
    """A tag with fixed text.

    It is a direct child of the figure's header or body, whose output is not rendered as a template again, so its text
    may hold any characters.
    """

    _template = Template("<{{ this.tag }}{{ this.attributes }}>{{ this.text }}</{{ this.close }}>\n")

    def __init__(self, tag: str, text: str, attributes: str = "") -> None:
        super().__init__()
        self._name = "Block"
        self.tag = self.close = tag
        self.attributes = attributes
        self.text = text


class PageFigure(Figure):
    """A page that states its language, with its scripts at the end of the body."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.language_tag }}">\n<head>\n<title>{{ this.title }}</title>\n'
        "{{ this.header.render(**kwargs) }}\n</head>\n<body>\n{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, title: str, language: Language) -> None:
        super().__init__(height="640px")
        self.title = encode_text(title)
        self.language_tag = "zh-CN" if language == "zh" else "en"


class PageMap(folium.Map):
    """A folium map without base map that loads Leaflet and nothing else, and shows itself without the network.

    In a notebook it draws itself from the assets that come with gridmap; ``save`` writes one file that needs nothing
    beside it.
    """

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <link rel="icon" href="data:," />
        {% endmacro %}
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }}
                role="application" aria-label="{{ this.label }}"></div>
            <aside id="gridmap-card" hidden aria-label="{{ this.card_label }}"></aside>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = gridmapPage.open({{ this.get_name()|tojson }}, {{ this.options|tojavascript }});
        {% endmacro %}
        """
    )

    def __init__(self, title: str, card_label: str, language: Language, data: dict[str, Any]) -> None:
        super().__init__(location=(0.0, 0.0), tiles=None, zoom_control=True)
        # folium keeps these lists on the class: new ones here leave every other map alone
        self.default_js = [LEAFLET_JS]
        self.default_css = [LEAFLET_CSS]
        self.label = encode_text(title)
        self.card_label = encode_text(card_label)
        # without tiles Leaflet knows no limits of zoom of its own
        self.options = {"zoom_control": True, "min_zoom": 3, "max_zoom": 19, "keyboard": True}
        figure = PageFigure(title, language)
        figure.add_child(self)
        figure.header.add_child(Block("style", _assets(".css")), name="gridmap_style")
        figure.html.add_child(
            Block("script", encode_json(data), ' type="application/json" id="gridmap-data"'), name="gridmap_data"
        )
        figure.html.add_child(Block("script", _assets(".js")), name="gridmap_script")

    def _repr_html_(self, **kwargs: Any) -> str:
        """Show the map in a notebook, with all its assets inside."""
        from gridmap.maps.localise import standalone

        frame = '<iframe srcdoc="{}" style="width:100%;height:640px;border:0" allowfullscreen></iframe>'
        escaped = standalone(self).replace("&", "&amp;").replace('"', "&quot;")
        return frame.format(escaped)

    def save(self, outfile: Any, close_file: bool = True, **kwargs: Any) -> None:
        """Write the map as one HTML file that needs nothing beside it."""
        from gridmap.maps.localise import standalone

        html = standalone(self).encode("utf-8")
        if hasattr(outfile, "write"):
            outfile.write(html)
            if close_file:
                outfile.close()
            return
        with open(outfile, "wb") as file:  # noqa: PTH123 - folium takes whatever open() takes
            file.write(html)


class DrawnLayer(Layer):
    """A layer that our script draws from the page's data, listed in folium's layer control under an encoded name."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = gridmapPage.layer({{ this.key|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, key: str, name: str, *, show: bool = True, control: bool = True) -> None:
        super().__init__(name=encode_text(name), overlay=True, show=show, control=control)
        self._name = "DrawnLayer"
        self.key = key


class Start(folium.MacroElement):
    """The last thing on the page: bring the map to life."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            gridmapPage.start({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
