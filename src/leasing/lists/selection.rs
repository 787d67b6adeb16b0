//! One vehicle whose reports are listed (E8).

use super::rows::ThisVehicle;
use super::service::{ListError, Lists, Viewer};
use crate::leasing::pictures::placeholder_base64;
use crate::model::{TypeCode, VehicleGuid};

#[derive(Debug)]
pub struct Selection {
    pub type_code: Option<TypeCode>,
    /// As 1C sent it.
    pub plate_number: String,
    pub this: ThisVehicle,
}

impl Lists {
    /// A vehicle that the viewer may see, with the picture of its type if `with_picture` is set. `base` is
    /// the base of addresses.
    pub async fn select(
        &self,
        viewer: &Viewer,
        vehicle: VehicleGuid,
        with_picture: bool,
        base: &str,
    ) -> Result<Selection, ListError> {
        let row = self.database.selected_vehicle(&viewer.scope, vehicle).await?;
        let row = row.ok_or(ListError::NotFound)?;
        let picture = match row.type_code {
            Some(code) if with_picture => Some(match self.database.type_picture(code).await? {
                picture if picture.is_empty() => placeholder_base64(),
                picture => picture,
            }),
            None if with_picture => Some(String::new()),
            _ => None,
        };
        let this = self.this_vehicle(&row, picture, base);
        Ok(Selection { type_code: row.type_code, plate_number: row.plate_number, this })
    }

    /// The vehicle with this type and plate, if the viewer may see one.
    pub async fn vehicle_with_plate(
        &self,
        viewer: &Viewer,
        code: TypeCode,
        plate_number: &str,
    ) -> Result<VehicleGuid, ListError> {
        let found = self.database.vehicle_with_plate(&viewer.scope, code, plate_number).await?;
        found.ok_or(ListError::NotFound)
    }
}
