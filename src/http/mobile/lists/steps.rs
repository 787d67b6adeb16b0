//! The steps in which a list is written.

use super::json::Json;
use super::sheet::{Broken, Fleet, Listed, Rows, Sheet, Step};
use crate::leasing::Lists;
use crate::leasing::lists::{
    Cursor, EmployeeItem, ListedReport, ListedVehicle, RANGE_CHOICES, STATUS_CHOICES, TypeItem,
    TypeTitle, VehicleChoice,
};
use crate::model::{PersonId, Role, TypeCode};

impl Sheet {
    /// Writes the next part.
    pub(super) async fn write(&mut self) -> Result<(), Broken> {
        self.step = match std::mem::replace(&mut self.step, Step::Done) {
            Step::Begin => self.begin(),
            Step::Employees(after) => self.employees(after).await?,
            Step::Important => self.important().await?,
            Step::General => self.general().await?,
            Step::Info => self.info().await?,
            Step::Filter => self.filter()?,
            Step::Fleet(fleet) => self.fleet(fleet).await?,
            Step::End => self.end()?,
            Step::Done => Step::Done,
        };
        Ok(())
    }

    fn begin(&mut self) -> Step {
        if self.employees {
            self.out.open(r#","employees":["#);
            return Step::Employees(None);
        }
        self.begin_reports()
    }

    fn begin_reports(&mut self) -> Step {
        if self.listed.is_none() {
            return Step::End;
        }
        self.out.open(r#","reports":{"important":["#);
        Step::Important
    }

    async fn employees(&mut self, after: Option<PersonId>) -> Result<Step, Broken> {
        let page = self.lists.employees(&self.viewer, after).await?;
        let Some(last) = page.last().map(|employee| employee.id) else {
            self.out.say("]");
            return Ok(self.begin_reports());
        };
        for employee in page {
            self.out.item(&EmployeeItem::from(employee))?;
        }
        Ok(Step::Employees(Some(last)))
    }

    async fn important(&mut self) -> Result<Step, Broken> {
        let Some(listed) = &mut self.listed else { return Ok(Step::End) };
        let page = listed.reading.important().await?;
        if page.is_empty() {
            self.out.open(r#"],"general":["#);
            return Ok(Step::General);
        }
        listed.write(&self.lists, &page, &mut self.out)?;
        Ok(Step::Important)
    }

    async fn general(&mut self) -> Result<Step, Broken> {
        let Some(listed) = &mut self.listed else { return Ok(Step::End) };
        let page = listed.reading.general().await?;
        if page.is_empty() {
            self.out.say("]}");
            return Ok(Step::Info);
        }
        listed.write(&self.lists, &page, &mut self.out)?;
        Ok(Step::General)
    }

    async fn info(&mut self) -> Result<Step, Broken> {
        let Some(listed) = &self.listed else { return Ok(Step::End) };
        self.out.open(r#","info":{"by_vehicle_type_code":{"#);
        for kind in self.lists.types(listed.reading.seen()).await? {
            self.out.item(&kind.code)?;
            self.out.say(":");
            match listed.rows {
                Rows::Vehicles => self.out.value(&TypeTitle::from(kind))?,
                _ => self.out.value(&TypeItem::from(kind))?,
            }
        }
        self.out.say("}");
        if let Rows::Of(this) = &listed.rows {
            self.out.say(r#","this":"#);
            self.out.value(this)?;
            self.out.say("}");
            return Ok(Step::End);
        }
        self.out.say("}");
        Ok(Step::Filter)
    }

    fn filter(&mut self) -> Result<Step, Broken> {
        self.out.say(r#","filter":{"status":"#);
        self.out.value(&STATUS_CHOICES)?;
        if matches!(&self.listed, Some(Listed { rows: Rows::Reports, .. })) {
            self.out.open(r#","vehicle_type":["#);
            return Ok(Step::Fleet(Fleet::default()));
        }
        self.ranges()
    }

    fn ranges(&mut self) -> Result<Step, Broken> {
        self.out.say(r#","date_range":"#);
        self.out.value(&RANGE_CHOICES)?;
        self.out.say("}");
        Ok(Step::End)
    }

    async fn fleet(&mut self, mut fleet: Fleet) -> Result<Step, Broken> {
        let page = self.lists.fleet(&self.viewer, fleet.last.as_ref()).await?;
        let plates_too = self.viewer.person.role == Role::Employee;
        if page.is_empty() {
            fleet.close(plates_too, &mut self.out)?;
            self.out.say("]");
            return self.ranges();
        }
        for vehicle in page {
            fleet.add(vehicle, plates_too, &mut self.out)?;
        }
        Ok(Step::Fleet(fleet))
    }

    fn end(&mut self) -> Result<Step, Broken> {
        if let Some(listed) = self.listed.as_ref().filter(|listed| listed.reading.is_limited()) {
            self.out.say(r#","next":"#);
            self.out.value(&listed.reading.next().as_ref().map(Cursor::text))?;
        }
        self.out.say("}}");
        Ok(Step::Done)
    }
}

impl Listed {
    fn write(
        &self,
        lists: &Lists,
        page: &[ListedReport],
        out: &mut Json,
    ) -> Result<(), serde_json::Error> {
        let now = self.reading.now();
        page.iter().try_for_each(|row| match self.rows {
            Rows::Reports => out.item(&lists.report_item(row, now)),
            Rows::Vehicles => out.item(&lists.vehicle_item(row, now)),
            Rows::Of(_) => out.item(&lists.short_report(row, now)),
        })
    }
}

impl Fleet {
    fn add(
        &mut self,
        vehicle: ListedVehicle,
        plates_too: bool,
        out: &mut Json,
    ) -> Result<(), serde_json::Error> {
        if self.last.as_ref().is_none_or(|last| last.type_code != vehicle.type_code) {
            self.close(plates_too, out)?;
            out.open(if self.last.is_some() { r#",{"ref_key":"# } else { r#"{"ref_key":"# });
            out.value(&vehicle.type_code.as_ref().map(TypeCode::to_string).unwrap_or_default())?;
            out.open(r#","vehicles":["#);
        }
        if plates_too {
            self.plates.push(vehicle.plate_number.clone());
        }
        self.last = Some(vehicle.clone());
        out.item(&VehicleChoice::from(vehicle))
    }

    /// Ends the present type, if there is one.
    fn close(&mut self, plates_too: bool, out: &mut Json) -> Result<(), serde_json::Error> {
        if self.last.is_none() {
            return Ok(());
        }
        out.say("]");
        if plates_too {
            out.say(r#","plate_numbers":"#);
            out.value(&std::mem::take(&mut self.plates))?;
        }
        out.say("}");
        Ok(())
    }
}
