"""An independent SOAP client, zeep, reads every operation through the WSDL the simulator serves."""

import asyncio
from typing import Any

import zeep
from zeep.exceptions import Fault

from gateway.simulator import PROPERTY_PASSWORD, PROPERTY_USER, Simulator

MONTHS = {"PeriodeDebut": "10/2025", "PeriodeFin": "10/2026"}


async def test_every_operation_through_the_wsdl(simulator: Simulator) -> None:
    await asyncio.to_thread(read_everything, simulator)


def read_everything(simulator: Simulator) -> None:
    tenants = simulator.landlord.tenants
    with zeep.Client(f"{simulator.property_url}?wsdl") as client:  # type: ignore[no-untyped-call]
        service = client.service
        header: dict[str, Any] = {"CodeSociete": "01", "SystemeSource": "ZEEP"}
        opened = service.OuvrirSession(header, PROPERTY_USER, PROPERTY_PASSWORD)
        assert (opened.Retour.CodeRetour, opened.DureeValiditeMinutes) == (0, 20)
        header["JetonSession"] = opened.JetonSession
        for start in range(0, len(tenants), 20):
            batch = tenants[start : start + 20]
            references = [tenant.dwelling_reference for tenant in batch]
            leases = service.ConsulterContrats(header, [tenant.lease_reference for tenant in batch])
            assert {found.RefContrat.strip() for found in leases.Contrat} == {t.lease_reference for t in batch}
            assert all(len([h for h in found.Titulaire if h.Principal == "O"]) == 1 for found in leases.Contrat)
            dwellings = service.ConsulterLogements(header, references)
            known = {tenant.dwelling_reference for tenant in batch if tenant.dwelling}
            assert {found.RefLogement.strip() for found in dwellings.Logement} == known
            water = service.RelevesCompteurs(header, references, **MONTHS)
            assert len(water.RelevesLogement) == len(batch)
            works = service.ListerTravaux(header, references, "01/01/2020")
            assert works.Retour.CodeRetour == 0
        sectors = sorted({tenant.sector for tenant in tenants})
        advisors = service.ConsulterConseillers(header, sectors)
        assert len(advisors.Conseiller) == len(sectors)
        for agency in sorted({tenant.agency for tenant in tenants}):
            assert service.ListerContacts(header, agency).Agence.CodeAgence.strip() == agency
        found = service.IdentifierTitulaire(header, "L0048217", "MARTIN", "ELODIE")
        assert found.RefContrat == "0048217/01  "
        assert "0048217/01  " in service.RechercherContrats(header, CodeSecteur="MZ3").RefContrat
        simulator.add_fault("ListerContacts", "soap_fault", code="GL-901")
        try:
            service.ListerContacts(header, "57A")
        except Fault as fault:
            assert fault.detail[0][0].text == "GL-901"
        else:
            raise AssertionError("a Fault was due")
        assert service.FermerSession(header).CodeRetour == 0
