PORT ?= 8000

.PHONY: help demo test test-long test-qgis torture check clean

help:            ## these lines
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo:            ## build the demonstration district and open it (PORT=8000)
	@./scripts/venv.sh run
	@.venv/bin/gridmap demo --port $(PORT)

test:            ## everything, with a throw-away PostGIS, a real browser and Spark (WITHOUT=postgis,browser,spark leaves parts out)
	@./scripts/test.sh

test-long:       ## the long forms: a million points over a thousand tilings, more mutations
	@GRIDMAP_RANDOM=1 PYTEST_ARGS="-m slow" ./scripts/test.sh

test-qgis:       ## QGIS and ogr2ogr from Debian read and edit our collections (installs them: about 1 GB)
	@./scripts/test-qgis.sh

torture:         ## break things on purpose, often, and write docs/reliability.md (SCALE=0.01 for a hundredth)
	@./scripts/torture.sh

check:           ## lint, types, import rules and the fast tests
	@./scripts/venv.sh test
	@./scripts/check.sh

clean:           ## remove the virtual environment and the demonstration store
	rm -rf .venv .gridmap .artefacts
