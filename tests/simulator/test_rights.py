"""Who may call what, cell by cell as the reference has it."""

from __future__ import annotations

import pytest

from bot.simulator.account import KINDS
from bot.simulator.world import ENDPOINTS

from .conftest import World, alone

# Columns as in KINDS: subscription unverified, subscription, service unverified, service.
CELLS = {
    "/cgi-bin/getcallbackip": "yyyy",
    "/cgi-bin/message/custom/send": "nyny",
    "/cgi-bin/message/custom/typing": "nyny",
    "/cgi-bin/menu/create": "nyny",
    "/cgi-bin/get_current_selfmenu_info": "yyyy",
    "/cgi-bin/media/upload": "yyyy",
    "/cgi-bin/media/uploadimg": "yyyy",
    "/cgi-bin/material/add_material": "yyyy",
    "/cgi-bin/draft/add": "yyyy",
    "/cgi-bin/freepublish/submit": "nyny",
    "/cgi-bin/message/mass/sendall": "nyny",
    "/cgi-bin/message/mass/preview": "nyny",
    "/cgi-bin/message/mass/send": "nnny",
    "/cgi-bin/user/info": "nyny",
    "/cgi-bin/tags/create": "nyny",
    "/cgi-bin/user/info/updateremark": "nnny",
    "/cgi-bin/message/template/send": "nnny",
    "/cgi-bin/message/subscribe/bizsend": "nnny",
    "/cgi-bin/message/template/subscribe": "nyny",
    "/cgi-bin/qrcode/create": "nnny",
    "/cgi-bin/shorten/gen": "nnny",
    "/cgi-bin/ticket/getticket": "yyyy",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_of_the_matrix(kind: str) -> None:
    world = next(alone_running := alone(kind))
    column = KINDS.index(kind)
    for path, row in CELLS.items():
        call = world.get if ENDPOINTS[path].method == "GET" else world.post
        refused = call(path).get("errcode") == 48001
        assert refused == (row[column] == "n"), path
    alone_running.close()


def test_a_right_can_be_given_and_taken(personal: World) -> None:
    assert personal.get("/cgi-bin/menu/get")["errcode"] == 48001
    personal.act("rights", {"right": "menu", "allowed": True})
    assert personal.get("/cgi-bin/menu/get")["errcode"] == 46003
    refused = personal.session.post(f"{personal.base}/sim/rights", json={"right": "fly", "allowed": True})
    assert refused.status_code == 400


def test_every_endpoint_names_a_row_of_the_matrix_and_has_a_path_of_its_own() -> None:
    from bot.simulator import world
    from bot.simulator.rights import MATRIX

    listed = [endpoint for module in world.MODULES for endpoint in module.ENDPOINTS]
    assert len({endpoint.path for endpoint in listed}) == len(listed)
    assert {endpoint.right for endpoint in listed} <= set(MATRIX)
