"""What QGIS itself makes of our service: run by the Python of the system, which knows ``qgis`` and nothing of ours.

Reads its task as JSON from standard input, and writes what it found as JSON to the file that the task names.
"""

import json
import os
import sys
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsAuthMethodConfig,
    QgsBlockingNetworkRequest,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsDataSourceUri,
    QgsFeatureRequest,
    QgsGeometry,
    QgsJsonExporter,
    QgsLayerDefinition,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QByteArray, QSize, QUrl
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtNetwork import QNetworkRequest

GEOJSON = b"application/geo+json"


def authorised(key: str, place: int) -> str:
    """Keep a key as the password of a connection, as a person does in QGIS; give the number of the entry."""
    if not key:
        return ""
    made = QgsAuthMethodConfig("Basic")
    made.setId(f"gridmp{place}")
    made.setName(f"gridmap {place}")
    made.setConfig("username", "qgis")
    made.setConfig("password", key)
    assert QgsApplication.authManager().storeAuthenticationConfig(made)
    return made.id()


def opened(url: str, name: str, auth: str, **more: Any) -> QgsVectorLayer:
    """Open a collection."""
    source = QgsDataSourceUri()
    source.setParam("url", url)
    source.setParam("typename", name)
    for key, value in more.items():
        source.setParam(key, str(value))
    if auth:
        source.setAuthConfigId(auth)
    return QgsVectorLayer(source.uri(False), name, "OAPIF")


def told(layer: QgsVectorLayer, request: QgsFeatureRequest | None = None) -> dict[str, Any]:
    """Give the features of a layer by id."""
    features = layer.getFeatures(request or QgsFeatureRequest())
    return {
        f["id"]: {
            "shape": f.geometry().asWkt(17),
            **{
                n.name(): f[n.name()].isNull() and None if hasattr(f[n.name()], "isNull") else f[n.name()]
                for n in layer.fields()
                if n.typeName() in ("String", "Integer", "Real")
            },
        }
        for f in features
    }


def read(url: str, auth: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Open a collection and read, filter and reproject it."""
    layer = opened(url, asked["collection"], auth, **({"pageSize": asked["page"]} if "page" in asked else {}))
    found: dict[str, Any] = {"valid": layer.isValid()}
    if not layer.isValid():
        return found
    found["count"] = layer.featureCount()
    found["crs"] = layer.crs().authid()
    found["fields"] = {f.name(): f.typeName() for f in layer.fields()}
    found["every"] = told(layer)
    found["editable"] = layer.startEditing()
    if "box" in asked:
        found["in_box"] = sorted(told(layer, QgsFeatureRequest().setFilterRect(QgsRectangle(*asked["box"]))))
    if "epsg" in asked:
        there = QgsCoordinateTransform(
            layer.crs(), QgsCoordinateReferenceSystem.fromEpsgId(asked["epsg"]), QgsProject.instance()
        )
        moved = {}
        for feature in layer.getFeatures():
            shape = QgsGeometry(feature.geometry())
            shape.transform(there)
            moved[feature["id"]] = shape.asWkt(9)
        found["there"] = moved
    found["filtered"] = {}
    for said in asked.get("filters", ()):
        assert layer.setSubsetString(said)
        found["filtered"][said] = sorted(told(layer))
    return found


def drawn(url: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Open a layer definition of ours (.qlr) and draw its tiles; give the colours at some places."""
    answer = sent("GET", asked["address"], "")
    with open(asked["file"], "wb") as file:  # noqa: PTH123 - by the Python of the system, as plainly as can be
        file.write(bytes(answer.content()))
    project = QgsProject.instance()
    ok, error = QgsLayerDefinition.loadLayerDefinition(asked["file"], project, project.layerTreeRoot())
    layers = list(project.mapLayers().values())
    settings = QgsMapSettings()
    settings.setLayers(layers)
    mercator = QgsCoordinateReferenceSystem.fromEpsgId(3857)
    there = QgsCoordinateTransform(QgsCoordinateReferenceSystem.fromEpsgId(4326), mercator, project)
    settings.setDestinationCrs(mercator)
    settings.setExtent(there.transformBoundingBox(QgsRectangle(*asked["box"])))
    settings.setOutputSize(QSize(*asked["size"]))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    picture.save(asked["picture"])
    colours = [QColor(picture.pixel(x, y)).name() for x, y in asked["places"]]
    return {
        "loaded": ok,
        "error": error,
        "layers": [[type(x).__name__, x.isValid()] for x in layers],
        "errors": [e.message for e in job.errors()],
        "colours": colours,
    }


def sent(method: str, address: str, auth: str, body: bytes = b"", **headers: str) -> Any:
    """Send a request as QGIS sends its own."""
    request = QNetworkRequest(QUrl(address))
    for name, value in headers.items():
        request.setRawHeader(name.replace("_", "-").encode(), value.encode())
    call = QgsBlockingNetworkRequest()
    if auth:
        call.setAuthCfg(auth)
    match method:
        case "GET":
            call.get(request, True)
        case "PUT":
            call.put(request, QByteArray(body))
        case "POST":
            call.post(request, QByteArray(body))
        case "DELETE":
            call.deleteResource(request)
    return call.reply()


def tag_of(answer: Any) -> str:
    """Give the tag of an answer; QGIS knows headers by how they are spelt."""
    (name,) = [said for said in answer.rawHeaderList() if bytes(said).lower() == b"etag"]
    return bytes(answer.rawHeader(name)).decode()


def edited(url: str, auth: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Draw in a copy of a collection with the tools of QGIS, and send what was drawn by the standard's requests."""
    layer = opened(url, asked["collection"], auth)
    memory = layer.materialize(QgsFeatureRequest())
    memory.startEditing()
    (feature,) = [f for f in memory.getFeatures() if f["id"] == asked["item"]]
    items = f"{url}/collections/{asked['collection']}/items"
    seen = sent("GET", f"{items}/{asked['item']}", auth, Accept=GEOJSON.decode())
    tag = tag_of(seen)
    shape = feature.geometry().combine(QgsGeometry.fromRect(QgsRectangle(*asked["more"])))
    memory.changeGeometry(feature.id(), shape)
    memory.changeAttributeValue(feature.id(), memory.fields().indexOf("name"), asked["name"])
    assert memory.commitChanges()
    exporter = QgsJsonExporter(memory, 17)
    body = exporter.exportFeature(memory.getFeature(feature.id()), {}, asked["item"]).encode()
    how = {"Content_Type": GEOJSON.decode()}
    status = QNetworkRequest.HttpStatusCodeAttribute
    tries = {}
    for said, match in (("unseen", {}), ("other", {"If_Match": '"other"'}), ("seen", {"If_Match": tag})):
        tries[said] = sent("PUT", f"{items}/{asked['item']}", auth, body, **how, **match).attribute(status)
    bow = {**json.loads(body), "geometry": asked["bow"]}
    fresh = tag_of(sent("GET", f"{items}/{asked['item']}", auth, Accept=GEOJSON.decode()))
    answer = sent("PUT", f"{items}/{asked['item']}", auth, json.dumps(bow).encode(), **how, If_Match=fresh)
    tries["crossed"] = answer.attribute(status)
    again = opened(url, asked["collection"], auth)
    return {"tries": tries, "sent": shape.asWkt(17), "after": told(again)}


def main() -> None:
    """Do what is asked."""
    asked = json.load(sys.stdin)
    app = QgsApplication([], True)
    app.initQgis()
    QgsApplication.authManager().setMasterPassword("of this test", True)
    auth = [authorised(key, place) for place, key in enumerate(asked["keys"])]
    found: dict[str, Any] = {"version": Qgis.QGIS_VERSION, "read": {}}
    for name, one in asked["read"].items():
        found["read"][name] = read(asked["url"], auth[one["key"]], one)
    found["drawn"] = drawn(asked["url"], asked["drawn"])
    found["edited"] = edited(asked["url"], auth[asked["edited"]["key"]], asked["edited"])
    with open(asked["out"], "w") as file:  # noqa: PTH123
        json.dump(found, file)
    QgsProject.instance().clear()
    app.exitQgis()


main()
